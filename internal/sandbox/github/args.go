package github

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// args are a field's arguments, or an input object's fields.
type args map[string]any

func arguments(f *ast.Field, variables map[string]any) (args, error) {
	a := args{}
	for _, argument := range f.Arguments {
		if argument.Value.Kind == ast.Variable {
			if _, given := variables[argument.Value.Raw]; !given {
				continue
			}
		}
		value, err := argument.Value.Value(variables)
		if err != nil {
			return nil, fmt.Errorf("argument %s: %w", argument.Name, err)
		}
		a[argument.Name] = value
	}
	return a, nil
}

// has reports whether an argument was given, and not as null.
func (a args) has(name string) bool { return a[name] != nil }

func (a args) str(name string) string {
	s, _ := a[name].(string)
	return s
}

func (a args) id(name string) git.ID { return git.ID(a.str(name)) }

func (a args) boolean(name string) bool {
	b, _ := a[name].(bool)
	return b
}

func (a args) integer(name string) int {
	switch n := a[name].(type) {
	case int64:
		return int(n)
	case json.Number:
		i, _ := n.Int64() // a fraction is no number of things
		return int(i)
	}
	return 0
}

// strings are a list's; a single value stands for a list of it.
func (a args) strings(name string) []string {
	var found []string
	switch list := a[name].(type) {
	case string:
		return []string{list}
	case []any:
		for _, v := range list {
			s, _ := v.(string)
			found = append(found, s)
		}
	}
	return found
}

// input is an input object; an empty one where it is missing.
func (a args) input(name string) args {
	m, _ := a[name].(map[string]any)
	return m
}

func (a args) inputs(name string) []args {
	list, isList := a[name].([]any)
	if !isList && a.has(name) {
		list = []any{a[name]}
	}
	var found []args
	for _, v := range list {
		m, _ := v.(map[string]any)
		found = append(found, m)
	}
	return found
}

// allows reports whether a filter by a list lets value through.
func (a args) allows(name, value string) bool {
	list := a.strings(name)
	return len(list) == 0 || slices.Contains(list, value)
}

// is reports whether a filter by a value lets value through.
func (a args) is(name, value string) bool { return !a.has(name) || a.str(name) == value }
