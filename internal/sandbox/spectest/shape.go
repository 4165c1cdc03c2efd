package spectest

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// asked is a field that was asked for.
type asked struct {
	field *ast.Field
	sets  []ast.SelectionSet
	sure  bool // it must be there: no condition on type or variable is open
}

// object checks an object: every field that was asked for, and no other.
func (w *walk) object(t *ast.Definition, sets []ast.SelectionSet, value map[string]any, at string) {
	sure := t.Kind == ast.Object
	if name, ok := value["__typename"].(string); ok && !sure {
		if concrete := w.schema.Types[name]; concrete != nil && w.isA(name, t.Name) {
			t, sure = concrete, true
		} else {
			w.problemf("%s: __typename is %q, no %s", at, name, t.Name)
			return
		}
	}
	fields := map[string]*asked{}
	for _, set := range sets {
		w.collect(t, set, sure, fields)
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		a := fields[key]
		v, there := value[key]
		switch {
		case !there && a.sure:
			w.problemf("%s.%s: missing", at, key)
		case there:
			w.value(a.field.Definition.Type, a.sets, v, at+"."+key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(value)) {
		if fields[key] == nil {
			w.problemf("%s.%s: nobody asked for it", at, key)
		}
	}
}

// collect gathers the fields that are asked for of a t; sure says that the
// object is a t, and nothing more special.
func (w *walk) collect(t *ast.Definition, set ast.SelectionSet, sure bool, into map[string]*asked) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			a := into[s.Alias]
			if a == nil {
				a = &asked{field: s}
				into[s.Alias] = a
			}
			a.sets = append(a.sets, s.SelectionSet)
			a.sure = a.sure || sure && len(s.Directives) == 0
		case *ast.InlineFragment:
			w.fragment(t, s.TypeCondition, s.SelectionSet, sure && len(s.Directives) == 0, into)
		case *ast.FragmentSpread:
			w.fragment(t, s.Definition.TypeCondition, s.Definition.SelectionSet, sure && len(s.Directives) == 0, into)
		}
	}
}

func (w *walk) fragment(t *ast.Definition, condition string, set ast.SelectionSet, sure bool, into map[string]*asked) {
	switch {
	case condition == "" || w.isA(t.Name, condition):
		w.collect(t, set, sure, into)
	case t.Kind != ast.Object: // it may be one
		w.collect(w.schema.Types[condition], set, false, into)
	}
}

// isA reports whether a type is another, or has it as interface or union.
func (w *walk) isA(name, other string) bool {
	if name == other {
		return true
	}
	return slices.ContainsFunc(w.schema.PossibleTypes[other], func(d *ast.Definition) bool { return d.Name == name })
}

// value checks a value of a type.
func (w *walk) value(t *ast.Type, sets []ast.SelectionSet, value any, at string) {
	if value == nil {
		if t.NonNull {
			w.problemf("%s: null where there is always a %s", at, t)
		}
		return
	}
	if t.Elem != nil {
		list, ok := value.([]any)
		if !ok {
			w.problemf("%s: %T is no list", at, value)
			return
		}
		for i, v := range list {
			w.value(t.Elem, sets, v, at+"["+strconv.Itoa(i)+"]")
		}
		return
	}
	d := w.schema.Types[t.NamedType]
	if d.IsCompositeType() {
		object, ok := value.(map[string]any)
		if !ok {
			w.problemf("%s: %T is no %s", at, value, d.Name)
			return
		}
		w.object(d, sets, object, at)
		return
	}
	if !isLeaf(d, value) {
		w.problemf("%s: %v (%T) is no %s", at, value, value, d.Name)
	}
}

var oid = regexp.MustCompile(`^[0-9a-f]{40}$`)

// isLeaf reports whether a value is one of an enumeration's or scalar's.
func isLeaf(d *ast.Definition, value any) bool {
	if d.Kind == ast.Enum {
		name, _ := value.(string)
		return d.EnumValues.ForName(name) != nil
	}
	switch d.Name {
	case "Int":
		n, ok := value.(float64)
		return ok && n == float64(int32(n))
	case "Float":
		_, ok := value.(float64)
		return ok
	case "Boolean":
		_, ok := value.(bool)
		return ok
	}
	text, ok := value.(string)
	switch d.Name {
	case "DateTime", "GitTimestamp", "PreciseDateTime", "Time":
		_, err := time.Parse(time.RFC3339, text)
		return ok && err == nil
	case "GitObjectID":
		return oid.MatchString(text)
	}
	return ok
}
