package github

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// object is a value of a GraphQL type with fields.
type object interface {
	// kinds are the type's name and then its interfaces.
	kinds() []string
	// field returns null, a scalar, an object, or a slice of them.
	field(q *query, name string, a args) (any, error)
}

// resolvers are the fields of a GraphQL type over a T.
type resolvers[T any] map[string]func(q *query, v T, a args) (any, error)

// errUnknownField is about a field that GitHub, or the sandbox, does not have.
var errUnknownField = errors.New("unknown field")

func resolve[T any](table resolvers[T], q *query, v T, name string, a args) (any, error) {
	f, ok := table[name]
	if !ok {
		return nil, errUnknownField
	}
	return f(q, v, a)
}

// query is a GraphQL document being answered.
type query struct {
	*call
	*document
	size       size
	errors     []graphqlError
	unknown    bool
	tooQuickly bool
}

// errNull says that an object is null because a field of it must not be.
var errNull = errors.New("null where none may be")

// run answers the operation. Mutations run one after the other.
//
// Spec: GraphQL, "Execution".
func (q *query) run() any {
	var root object = queryRoot{}
	if q.operation.Operation == ast.Mutation {
		root = mutationRoot{}
	}
	data, err := q.object(root, q.operation.SelectionSet, nil)
	if err != nil {
		return nil
	}
	return data
}

// object answers a selection of an object's fields.
func (q *query) object(o object, set ast.SelectionSet, path []any) (any, error) {
	data := map[string]any{}
	for _, fields := range q.collect(o, set, nil) {
		key := fields[0].Alias
		value, err := q.fieldValue(o, fields, append(slices.Clone(path), key))
		if err != nil {
			return nil, err
		}
		data[key] = value
	}
	return data, nil
}

// collect groups the selected fields by the name that they are answered under.
func (q *query) collect(o object, set ast.SelectionSet, into [][]*ast.Field) [][]*ast.Field {
	for _, s := range set {
		if skipped(s, q.variables) {
			continue
		}
		switch s := s.(type) {
		case *ast.Field:
			i := slices.IndexFunc(into, func(fs []*ast.Field) bool { return fs[0].Alias == s.Alias })
			if i < 0 {
				into = append(into, []*ast.Field{s})
			} else {
				into[i] = append(into[i], s)
			}
		case *ast.InlineFragment:
			if s.TypeCondition == "" || slices.Contains(o.kinds(), s.TypeCondition) {
				into = q.collect(o, s.SelectionSet, into)
			}
		case *ast.FragmentSpread:
			if f := q.fragments.ForName(s.Name); f != nil && slices.Contains(o.kinds(), f.TypeCondition) {
				into = q.collect(o, f.SelectionSet, into)
			}
		}
	}
	return into
}

// skipped heeds @skip and @include.
func skipped(s ast.Selection, variables map[string]any) bool {
	var directives ast.DirectiveList
	switch s := s.(type) {
	case *ast.Field:
		directives = s.Directives
	case *ast.InlineFragment:
		directives = s.Directives
	case *ast.FragmentSpread:
		directives = s.Directives
	}
	for _, d := range directives {
		argument := d.Arguments.ForName("if")
		if argument == nil {
			continue
		}
		condition, err := argument.Value.Value(variables)
		if on, ok := condition.(bool); err == nil && ok && (d.Name == "skip" && on || d.Name == "include" && !on) {
			return true
		}
	}
	return false
}

func (q *query) fieldValue(o object, fields []*ast.Field, path []any) (any, error) {
	f := fields[0]
	if f.Name == "__typename" {
		return o.kinds()[0], nil
	}
	a, err := arguments(f, q.variables)
	var value any
	if err == nil {
		value, err = o.field(q, f.Name, a)
	}
	if err != nil {
		return nil, q.problem(o, f, path, err)
	}
	var set ast.SelectionSet
	for _, f := range fields {
		set = append(set, f.SelectionSet...)
	}
	return q.complete(value, set, path)
}

// problem records why a field is null; an error says that its object is, too.
func (q *query) problem(o object, f *ast.Field, path []any, err error) error {
	entry := graphqlError{Path: path, Locations: location(f), Message: err.Error(), Type: "INTERNAL"}
	var e *apiError
	switch {
	case errors.Is(err, errUnknownField):
		q.unknown = true
		entry.Type, entry.Message = "", fmt.Sprintf("Field '%s' doesn't exist on type '%s'", f.Name, o.kinds()[0])
	case errors.As(err, &e):
		entry.Type, entry.Message = e.Kind, e.said()
	case errors.Is(err, git.ErrNotFound), errors.Is(err, git.ErrInvalid):
		entry.Type = "UNPROCESSABLE"
	}
	q.errors = append(q.errors, entry)
	if e != nil && e.nonNull {
		return errNull
	}
	return nil
}

// complete turns what a resolver returned into what JSON shows.
func (q *query) complete(value any, set ast.SelectionSet, path []any) (any, error) {
	switch v := value.(type) {
	case time.Time:
		return v.Format(time.RFC3339), nil
	case object:
		if data, err := q.object(v, set, path); err == nil {
			return data, nil
		}
		return nil, nil //nolint:nilnil // a null where one may be: here it ends
	case []object:
		list := make([]any, len(v))
		for i, o := range v {
			if o == nil {
				continue
			}
			if data, err := q.object(o, set, append(slices.Clone(path), i)); err == nil {
				list[i] = data
			}
		}
		return list, nil
	}
	return value, nil
}
