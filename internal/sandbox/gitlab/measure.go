package gitlab

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// mostNodes is how many nodes a page has at most, and where nothing is said.
const mostNodes = 100

// mostMeasured is how many fields are looked at before a document is too much
// whatever else it has: fragments can make many out of few.
const mostMeasured = 50_000

// measure returns how complex a selection is, and how deep.
//
// Spec: GitLab's "GraphQL API", maximum query complexity, and its "GraphQL API
// style guide", field complexity and connections.
func (q *query) measure(set ast.SelectionSet, kind string) (score, depth int) {
	for _, fields := range q.collect(kind, set) {
		s, d := q.measureField(fields)
		score += s
		depth = max(depth, d)
	}
	return score, depth
}

func (q *query) measureField(fields []*ast.Field) (score, depth int) {
	f := fields[0]
	if q.measured++; q.measured > mostMeasured {
		return 1, 1
	}
	if f.Definition == nil || strings.HasPrefix(f.Name, "__") {
		return 1, 1
	}
	child, deep := q.measure(selected(fields), f.Definition.Type.Name())
	return q.cost(f, child), deep + 1
}

func (q *query) cost(f *ast.Field, child int) int {
	own := f.Definition.Directives
	if fixed := own.ForName("cost"); fixed != nil {
		return child + args(fixed.ArgumentMap(nil)).number("of", 1)
	}
	gitaly := 0
	if own.ForName("gitaly") != nil {
		gitaly = 1
	}
	lookup := own.ForName("lookup")
	if lookup == nil {
		return child + 1 + gitaly
	}
	a := args(f.ArgumentMap(q.variables))
	score := child + 1 + gitaly + args(lookup.ArgumentMap(nil)).number("more", 0)
	if a.str("sort") != "" {
		score++
	}
	if a.str("search") != "" {
		score += 5
	}
	if f.Name == "blobs" {
		score += len(a.list("paths"))
	}
	if !strings.HasSuffix(f.Definition.Type.Name(), "Connection") || len(a.list("iids")) > 0 {
		return score
	}
	size := min(mostNodes, a.number("first", mostNodes), a.number("last", mostNodes))
	return score + score*max(0, size)/100
}

// selected are the fields under those that are answered as one.
func selected(fields []*ast.Field) ast.SelectionSet {
	var set ast.SelectionSet
	for _, f := range fields {
		set = append(set, f.SelectionSet...)
	}
	return set
}
