package gitlab

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

func newDocument() *document { return &document{variables: map[string]any{}} }

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

// project adds what is asked about a project.
func (d *document) project(item int, fullPath, format string, variables ...any) {
	args := append([]any{d.variable("ID!", fullPath)}, variables...)
	d.field(item, "project(fullPath:%s){"+format+"}", args...)
}

func (d *document) query(before string) string {
	return "query(" + strings.TrimPrefix(d.declared.String(), ",") + "){" + before + "\n" + d.fields.String() + "}"
}

func alias(item int) string { return "n" + strconv.Itoa(item) }

// answered is what came back for an item: a value, nothing, or a refusal.
type answered[T any] struct {
	Value  *T // nil for null
	Refuse error
}

// problem returns why there is no value; nil where there is one.
func (c *Client) problem(missing bool, refuse error) error {
	switch {
	case refuse != nil:
		return refuse
	case missing:
		return c.notFound()
	}
	return nil
}

// askAll sends a document and returns the answer for each item. An answer with
// holes that nobody explains is [isTooMuch].
func askAll[T any](ctx context.Context, c *Client, items []int, d *document) (map[int]answered[T], error) {
	raw := map[string]json.RawMessage{}
	send := c.ask
	if len(items) == 1 {
		send = c.query
	}
	faults, err := send(ctx, d.query(c.askAccount()), d.variables, &raw)
	if err != nil {
		return nil, err
	}
	c.learnFrom(raw["currentUser"])
	refused := map[string]error{}
	for _, f := range faults {
		if f.at() == "" {
			return nil, c.fault(f)
		}
		if refused[f.at()] == nil {
			refused[f.at()] = c.fault(f)
		}
	}
	all := make(map[int]answered[T], len(items))
	for _, i := range items {
		one := answered[T]{Refuse: refused[alias(i)]}
		if part, ok := raw[alias(i)]; !ok && one.Refuse == nil {
			return nil, halfError()
		} else if one.Refuse == nil {
			if err := json.Unmarshal(part, &one.Value); err != nil {
				return nil, halfError()
			}
		}
		all[i] = one
	}
	return all, nil
}
