package gitlab

import (
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// query is a GraphQL document being answered.
type query struct {
	*call
	variables    map[string]any
	errors       []graphqlError
	score, limit int
	measured     int // fields
	loaded       int // bytes of blobs
}

// errNull says that an object is null because a field of it must not be.
var errNull = errors.New("null where none may be")

// resolver returns a field of an object: null, a scalar, an object's value, a
// slice of values, which a connection shows in pages.
type resolver func(q *query, v any, a args) (any, error)

// of makes a resolver for values of one type.
func of[T any](f func(q *query, v T, a args) (any, error)) resolver {
	return func(q *query, v any, a args) (any, error) { return f(q, v.(T), a) } //nolint:forcetypeassert // the schema says what comes
}

// plain makes a resolver of what a value just has.
func plain[T any](f func(T) any) resolver {
	return of(func(_ *query, v T, _ args) (any, error) { return f(v), nil })
}

// object answers a selection of an object's fields.
//
// Spec: GraphQL, "Execution".
func (q *query) object(kind string, v any, set ast.SelectionSet, path []any) (map[string]any, error) {
	data := map[string]any{}
	for _, fields := range q.collect(kind, set) {
		f := fields[0]
		at := append(slices.Clone(path), f.Alias)
		value, err := q.field(kind, v, fields, at)
		if err != nil {
			return nil, err
		}
		data[f.Alias] = value
	}
	return data, nil
}

// collect groups the selected fields by the name that they are answered under.
func (q *query) collect(kind string, set ast.SelectionSet) [][]*ast.Field {
	return q.collectInto(kind, set, nil, map[string]bool{})
}

// collectInto does so once for each fragment.
func (q *query) collectInto(kind string, set ast.SelectionSet, into [][]*ast.Field, seen map[string]bool) [][]*ast.Field {
	for _, s := range set {
		if q.skipped(s) {
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
			if q.applies(s.TypeCondition, kind) {
				into = q.collectInto(kind, s.SelectionSet, into, seen)
			}
		case *ast.FragmentSpread:
			if !seen[s.Name] && q.applies(s.Definition.TypeCondition, kind) {
				seen[s.Name] = true
				into = q.collectInto(kind, s.Definition.SelectionSet, into, seen)
			}
		}
	}
	return into
}

// applies reports whether a fragment is for objects of a type.
func (q *query) applies(condition, kind string) bool {
	def := q.schema.Types[kind]
	return condition == "" || condition == kind || def != nil && slices.Contains(def.Interfaces, condition)
}

// skipped heeds @skip and @include.
func (q *query) skipped(s ast.Selection) bool {
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
		on := d.ArgumentMap(q.variables)["if"] == true
		if d.Name == "skip" && on || d.Name == "include" && !on {
			return true
		}
	}
	return false
}

func (q *query) field(kind string, v any, fields []*ast.Field, path []any) (any, error) {
	f := fields[0]
	if f.Name == "__typename" {
		return kind, nil
	}
	resolve, ok := resolvers[kind+"."+f.Name]
	if !ok {
		panic("field of the schema that nothing resolves: " + kind + "." + f.Name)
	}
	a := args(f.ArgumentMap(q.variables))
	value, err := resolve(q, v, a)
	if err != nil {
		q.errors = append(q.errors, graphqlError{
			Message: err.Error(), Path: path, Locations: []map[string]int{{"line": f.Position.Line, "column": f.Position.Column}},
		})
		value = nil
	}
	return q.complete(f.Definition.Type, value, a, selected(fields), path)
}

// complete turns what a resolver returned into what JSON shows.
func (q *query) complete(t *ast.Type, value any, a args, set ast.SelectionSet, path []any) (any, error) {
	done, err := q.completed(t, value, a, set, path)
	if err != nil || isNull(done) {
		if t.NonNull {
			return nil, errNull
		}
		return nil, nil
	}
	return done, nil
}

func isNull(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return (r.Kind() == reflect.Pointer || r.Kind() == reflect.Map) && r.IsNil()
}

func (q *query) completed(t *ast.Type, value any, a args, set ast.SelectionSet, path []any) (any, error) {
	name := t.Name()
	switch {
	case isNull(value):
		return nil, nil
	case t.Elem != nil:
		list, err := q.list(t.Elem, value, a, set, path)
		return list, err
	case strings.HasSuffix(name, "Connection"):
		if _, isTree := value.(treePage); !isTree {
			var err error
			if value, err = connect(value, a); err != nil {
				q.errors = append(q.errors, graphqlError{Message: err.Error(), Path: path})
				return nil, nil
			}
		}
		data, err := q.object(name, value, set, path)
		return data, err
	case len(set) > 0:
		data, err := q.object(name, value, set, path)
		return data, err
	}
	if at, ok := value.(time.Time); ok {
		if at.IsZero() {
			return nil, nil
		}
		return at.Format(time.RFC3339), nil
	}
	return value, nil
}

func (q *query) list(t *ast.Type, value any, a args, set ast.SelectionSet, path []any) (any, error) {
	values := reflect.ValueOf(value)
	list := make([]any, values.Len())
	for i := range list {
		var err error
		if list[i], err = q.complete(t, values.Index(i).Interface(), a, set, append(slices.Clone(path), i)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// connection is a page of a list.
type connection struct {
	nodes []any
	first int // index of the first node in the whole list
	total int
}

// connect cuts the page that the arguments ask for out of a list.
func connect(list any, a args) (connection, error) {
	all := reflect.ValueOf(list)
	from, to := 0, all.Len()
	for _, name := range []string{"after", "before"} {
		if a.str(name) == "" {
			continue
		}
		i, err := position(a.str(name))
		if err != nil {
			return connection{}, err
		}
		if name == "after" {
			from = min(i+1, to)
		} else {
			to = max(from, min(i, to))
		}
	}
	if size := min(max(0, a.number("last", mostNodes)), mostNodes); a.has("last") {
		from = max(from, to-size)
	} else {
		to = min(to, from+min(max(0, a.number("first", mostNodes)), mostNodes))
	}
	to = max(from, to)
	c := connection{first: from, total: all.Len()}
	for i := from; i < to; i++ {
		c.nodes = append(c.nodes, all.Index(i).Interface())
	}
	return c, nil
}

func cursor(i int) string {
	return base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf(`{"offset":"%d"}`, i)))
}

func position(cursor string) (int, error) {
	raw, err := base64.StdEncoding.DecodeString(cursor)
	n, err2 := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(string(raw), `{"offset":"`), `"}`))
	if err != nil || err2 != nil || n < 0 {
		return 0, errors.New("Please provide a valid cursor")
	}
	return n, nil
}
