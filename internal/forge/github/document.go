package github

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// document is a query put together from one field for each item, each under an
// alias of its own. All values are variables: nothing is written into its text.
type document struct {
	declared  strings.Builder
	fields    strings.Builder
	variables map[string]any
}

// newDocument begins with variables that are declared already.
func newDocument(declared string, variables map[string]any) *document {
	d := &document{variables: variables}
	d.declared.WriteString(declared)
	return d
}

// variable returns a variable with a value.
func (d *document) variable(kind string, value any) string {
	name := "$v" + strconv.Itoa(len(d.variables))
	fmt.Fprintf(&d.declared, ",%s:%s", name, kind)
	d.variables[name[1:]] = value
	return name
}

// field adds the field of an item; format's verbs are for variables.
func (d *document) field(item int, format string, variables ...any) {
	fmt.Fprintf(&d.fields, "%s:", alias(item))
	fmt.Fprintf(&d.fields, format, variables...)
	d.fields.WriteByte('\n')
}

// query returns the text; viewer tells whose token it is, for nothing.
func (d *document) query() string {
	return "query(" + strings.TrimPrefix(d.declared.String(), ",") + "){viewer{login}\n" + d.fields.String() + "}"
}

func alias(item int) string { return "n" + strconv.Itoa(item) }

// answered is what came back for an item: a value, nothing, or a refusal.
type answered[T any] struct {
	Value  *T // nil for null
	Refuse error
}

// askAll sends a document and returns the answer for each item of the batch.
// An answer with holes that nobody explains is [isTooMuch].
func askAll[T any](ctx context.Context, c *Client, b batch, d *document) (map[int]answered[T], error) {
	raw := map[string]json.RawMessage{}
	send := c.ask
	if len(b.items) == 1 {
		send = c.query
	}
	faults, err := send(ctx, b.owner, d.query(), d.variables, &raw)
	if err != nil {
		return nil, err
	}
	var who viewer
	if json.Unmarshal(raw["viewer"], &who) == nil {
		c.learnAccount(who.Login)
	}
	refused := map[string]error{}
	for _, f := range faults {
		if f.at() == "" {
			return nil, c.fault("", f)
		}
		if refused[f.at()] == nil {
			refused[f.at()] = c.fault("", f)
		}
	}
	all := make(map[int]answered[T], len(b.items))
	for _, i := range b.items {
		one := answered[T]{Refuse: refused[alias(i)]}
		if part, ok := raw[alias(i)]; !ok && one.Refuse == nil {
			return nil, halfError(false)
		} else if one.Refuse == nil {
			if err := json.Unmarshal(part, &one.Value); err != nil {
				return nil, halfError(false)
			}
		}
		all[i] = one
	}
	return all, nil
}
