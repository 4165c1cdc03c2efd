package config

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// failAt notes a mistake at the place of n.
func (r *reader) failAt(n ast.Node, message string) {
	line, column := r.place(tokenOf(n))
	r.fail(line, column, message)
}

// place returns line and column of t. The lexer does not count a tab that
// separates two tokens; where the line has tabs, the column is moved on to
// where the token's text is.
func (r *reader) place(t *token.Token) (line, column int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	line, column = t.Position.Line, t.Position.Column
	if line < 1 || line > len(r.lines) || column < 1 || !strings.Contains(r.lines[line-1], "\t") {
		return line, column
	}
	runes := []rune(r.lines[line-1])
	text, _, _ := strings.Cut(strings.TrimSpace(t.Origin), "\n")
	for i := column; i <= len(runes) && i <= column+strings.Count(string(runes), "\t"); i++ {
		if text != "" && strings.HasPrefix(string(runes[i-1:]), text) {
			return line, i
		}
	}
	return line, column
}

// hide keeps the line of n out of all messages.
func (r *reader) hide(n ast.Node) {
	if t := tokenOf(n); t != nil && t.Position != nil {
		r.secret[t.Position.Line] = true
	}
}

// tokenOf returns the first token of n: for a block mapping, whose own is the
// first colon, that is the first key.
func tokenOf(n ast.Node) *token.Token {
	switch n := n.(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return tokenOf(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return tokenOf(n.Key)
	}
	return n.GetToken()
}

// resolve follows anchors and aliases, and returns nil where one leads nowhere
// (which is told already) or the file leads to too many values.
func (r *reader) resolve(n ast.Node) ast.Node {
	for n != nil {
		if !r.spend(n) {
			return nil
		}
		switch x := n.(type) {
		case *ast.AnchorNode:
			n = x.Value
		case *ast.AliasNode:
			n = r.anchors[nameOf(x.Value)]
		case *ast.TagNode:
			n = x.Value
		default:
			return n
		}
	}
	return nil
}

// spend counts a value that is read, so that aliases of aliases cannot make a
// small file a large one.
func (r *reader) spend(n ast.Node) bool {
	r.spent++
	if r.spent == maxTokens+1 {
		r.failAt(n, "the file's aliases lead to too many values")
	}
	return r.spent <= maxTokens
}

// entry is one key of a mapping with its value.
type entry struct {
	name  string
	key   ast.Node
	value ast.Node
}

// entries returns the keys of the mapping n, its own before those that it
// merges in with <<. No value at all is an empty mapping.
func (r *reader) entries(n ast.Node) []entry {
	n = r.resolve(n)
	var pairs []*ast.MappingValueNode
	switch x := n.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.MappingNode:
		pairs = x.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{x}
	default:
		r.failAt(n, "want keys with values, found "+found(n))
		return nil
	}
	var own, merged []entry
	for _, pair := range pairs {
		if !r.spend(pair) {
			return nil
		}
		if _, merge := pair.Key.(*ast.MergeKeyNode); merge {
			merged = append(merged, r.mergedEntries(pair.Value)...)
		} else if e, ok := r.entry(pair); ok {
			own = append(own, e)
		}
	}
	return mergeEntries(r.unique(own), merged)
}

// entry returns one pair; a key must be a plain scalar.
func (r *reader) entry(pair *ast.MappingValueNode) (entry, bool) {
	var key ast.Node = pair.Key
	if anchor, ok := key.(*ast.AnchorNode); ok {
		key = anchor.Value
	}
	if _, scalar := key.(ast.ScalarNode); !scalar {
		r.failAt(pair.Key, "want a plain key, found "+found(key))
		return entry{}, false
	}
	return entry{name: nameOf(key), key: key, value: pair.Value}, true
}

// mergedEntries returns the keys of the mapping, or list of mappings, behind
// a <<.
func (r *reader) mergedEntries(n ast.Node) []entry {
	n = r.resolve(n)
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return r.entries(n)
	}
	var all []entry
	for _, v := range list.Values {
		all = mergeEntries(all, r.entries(v))
	}
	return all
}

// unique reports keys that are there twice and returns the first of each.
func (r *reader) unique(entries []entry) []entry {
	lines := map[string]int{}
	var first []entry
	for _, e := range entries {
		if line, twice := lines[e.name]; twice {
			r.failAt(e.key, fmt.Sprintf("key `%s` is already on line %d", printable(e.name), line))
			continue
		}
		lines[e.name] = e.key.GetToken().Position.Line
		first = append(first, e)
	}
	return first
}

// mergeEntries adds those of more whose names entries does not have yet.
func mergeEntries(entries, more []entry) []entry {
	names := map[string]bool{}
	for _, e := range entries {
		names[e.name] = true
	}
	for _, e := range more {
		if !names[e.name] {
			names[e.name] = true
			entries = append(entries, e)
		}
	}
	return entries
}

// items returns the elements of the list n; no value at all is an empty list.
func (r *reader) items(n ast.Node, example string) []ast.Node {
	switch x := r.resolve(n).(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		return x.Values
	default:
		r.failAt(x, "want a list, for instance "+example+", found "+found(x))
		return nil
	}
}

// found names the kind of n. The value is not repeated: it is on the line that
// is shown, or must not be shown.
func found(n ast.Node) string {
	switch n.(type) {
	case *ast.NullNode, nil:
		return "nothing"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	default:
		return "something else"
	}
}
