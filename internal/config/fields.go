package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/goccy/go-yaml/ast"
	"github.com/invopop/jsonschema"
)

// object is one kind of mapping: its keys in the order of the documentation.
type object[T any] struct {
	fields  []field[T]
	foreign func(r *reader, e entry, names []string) // told of an unknown key
	check   func(r *reader, at ast.Node, v T)        // told of a whole without other mistakes; may be nil
	needs   map[string][]string                      // keys that a key must have beside it; for the schema
}

// field is one key of a T: how it is explained, how its value looks, and how
// it is read.
type field[T any] struct {
	name, doc string
	schema    *jsonschema.Schema
	read      func(r *reader, e entry, into *T)
}

// read reads the mapping n into a T.
func (o object[T]) read(r *reader, n ast.Node, into *T) {
	before := len(r.errs)
	for _, e := range r.entries(n) {
		i := slices.IndexFunc(o.fields, func(f field[T]) bool { return f.name == e.name })
		if i < 0 {
			o.foreign(r, e, o.names())
			continue
		}
		o.fields[i].read(r, e, into)
	}
	if o.check != nil && len(r.errs) == before && !r.torn && r.spent <= maxTokens {
		o.check(r, n, *into)
	}
}

func (o object[T]) names() []string {
	names := make([]string, len(o.fields))
	for i, f := range o.fields {
		names[i] = f.name
	}
	return names
}

// unknownKey reports a key that there is none of, with the nearest that there
// is.
func unknownKey(r *reader, e entry, names []string) {
	message := fmt.Sprintf("unknown key `%s`", printable(e.name))
	if near := nearest(e.name, names); near != "" {
		r.failAt(e.key, message+fmt.Sprintf("; did you mean `%s`?", near))
		return
	}
	r.failAt(e.key, message+"; there are: "+strings.Join(names, ", "))
}

// printable returns text of a file as it may be printed: on one line, without
// control characters, cut where it is long.
func printable(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}

// nearest returns the candidate that s may be a misspelling of, empty where
// none is near.
func nearest(s string, candidates []string) string {
	if len(s) > 40 {
		return ""
	}
	s = strings.ReplaceAll(strings.ToLower(s), "_", "-")
	best, distance := "", max(2, (len(s)+2)/3)+1
	for _, c := range candidates {
		if d := levenshtein.Distance(s, c, nil); d < distance && d < len(c) {
			best, distance = c, d
		}
	}
	return best
}

// scalar is one kind of text: how it looks and how it is checked.
type scalar[V any] struct {
	schema  *jsonschema.Schema
	secret  func(string) bool // whether a refused text may be a secret; nil for never
	numbers bool              // a number is text too, for a message of parse's own
	parse   func(string) (V, error)
}

// read reads n as a V.
func (s scalar[V]) read(r *reader, n ast.Node) (V, bool) {
	var zero V
	n = r.resolve(n)
	if n == nil {
		return zero, false
	}
	text, ok := textOf(n)
	if number, is := n.(*ast.IntegerNode); is && s.numbers {
		text, ok = number.GetToken().Value, true
	}
	if !ok {
		r.failAt(n, "want text, found "+found(n)+quoteHint(n))
		s.hide(r, n, text)
		return zero, false
	}
	v, err := s.parse(text)
	if err != nil {
		r.failAt(n, err.Error())
		s.hide(r, n, text)
		return zero, false
	}
	return v, true
}

func (s scalar[V]) hide(r *reader, n ast.Node, text string) {
	if s.secret != nil && (text == "" || s.secret(text)) {
		r.hide(n)
	}
}

func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	default:
		return "", false
	}
}

func quoteHint(n ast.Node) string {
	switch n.(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		return "; put it in quotes"
	default:
		return ""
	}
}

// scalarField is a key with one value of kind s.
func scalarField[T, V any](name, doc string, s scalar[V], set func(*T, V)) field[T] {
	return field[T]{name: name, doc: doc, schema: s.schema, read: func(r *reader, e entry, into *T) {
		if v, ok := s.read(r, e.value); ok {
			set(into, v)
		}
	}}
}

// listField is a key with a list of values of kind s.
func listField[T, V any](name, doc, example string, s scalar[V], set func(*T, []V)) field[T] {
	list := listSchema(s.schema)
	return field[T]{name: name, doc: doc, schema: list, read: func(r *reader, e entry, into *T) {
		values := []V{}
		for _, item := range r.items(e.value, example) {
			if v, ok := s.read(r, item); ok {
				values = append(values, v)
			}
		}
		set(into, values)
	}}
}

// filled is a list that must be there and hold something.
func filled[T any](f field[T]) field[T] {
	one := uint64(1)
	f.schema = &jsonschema.Schema{Type: "array", Items: f.schema.Items, MinItems: &one}
	return f
}

// boolField is a key that is true or false.
func boolField[T any](name, doc string, set func(*T, bool)) field[T] {
	schema := &jsonschema.Schema{Type: "boolean"}
	return field[T]{name: name, doc: doc, schema: schema, read: func(r *reader, e entry, into *T) {
		switch n := r.resolve(e.value).(type) {
		case nil:
		case *ast.BoolNode:
			set(into, n.Value)
		default:
			r.failAt(n, "want true or false, found "+found(n))
		}
	}}
}

// atMost bounds the length of a list.
func atMost[T any](n int, f field[T]) field[T] {
	most := uint64(n) //nolint:gosec // G115: a small constant
	bounded := *f.schema
	bounded.MaxItems = &most
	read := f.read
	f.schema = &bounded
	f.read = func(r *reader, e entry, into *T) {
		if list, ok := r.resolve(e.value).(*ast.SequenceNode); ok && len(list.Values) > n {
			r.failAt(list.Values[n], fmt.Sprintf("want at most %d", n))
			return
		}
		read(r, e, into)
	}
	return f
}

// intField is a key with a whole number between two bounds.
func intField[T any](name, doc string, least, most int64, set func(*T, int64)) field[T] {
	schema := &jsonschema.Schema{
		Type:    "integer",
		Minimum: json.Number(strconv.FormatInt(least, 10)), Maximum: json.Number(strconv.FormatInt(most, 10)),
	}
	return field[T]{name: name, doc: doc, schema: schema, read: func(r *reader, e entry, into *T) {
		n := r.resolve(e.value)
		if n == nil {
			return
		}
		text := nameOf(n)
		v, err := strconv.ParseInt(text, 10, 64)
		if _, ok := n.(*ast.IntegerNode); !ok || err != nil || strconv.FormatInt(v, 10) != text || v < least || v > most {
			r.failAt(n, fmt.Sprintf("want a whole number from %d to %d", least, most))
			return
		}
		set(into, v)
	}}
}

// objectField is a key with keys of its own, read into a copy of start. No
// value is none of them.
func objectField[T, V any](name, doc string, o object[V], start V, set func(*T, V)) field[T] {
	schema := nullable("object", o.schema())
	return field[T]{name: name, doc: doc, schema: schema, read: func(r *reader, e entry, into *T) {
		v := start
		o.read(r, e.value, &v)
		set(into, v)
	}}
}
