package github

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// maxNodes and maxPage are GitHub's, for one query and one connection.
const (
	maxNodes = 500_000
	maxPage  = 100
)

// connections are the fields that must be asked for in pages.
var connections = []string{
	"repositories", "refs", "pullRequests", "associatedPullRequests", "commits", "labels", "assignees", "reviewRequests",
	"timelineItems", "repositoryTopics", "parents", "comments", "files", "reviews", "latestReviews", "languages", "history",
}

// size is what a query asks for at most.
type size struct {
	nodes    int
	requests int // to fill every connection
}

// cost is in points.
//
// Spec: GitHub's "Rate limits and query limits for the GraphQL API".
func (s size) cost() int { return max(1, (s.requests+50)/100) }

// measure counts what a query asks for, or refuses it.
func (q *query) measure(set ast.SelectionSet) (size, *graphqlError) {
	var total size
	refused := q.measureSet(set, 1, &total, nil)
	if refused == nil && total.nodes > maxNodes {
		refused = &graphqlError{
			Type: "MAX_NODE_LIMIT_EXCEEDED",
			Message: fmt.Sprintf("This query requests up to %s possible nodes which exceeds the maximum limit of %s.",
				grouped(total.nodes), grouped(maxNodes)),
		}
	}
	return total, refused
}

func (q *query) measureSet(set ast.SelectionSet, times int, total *size, spread []string) *graphqlError {
	for _, s := range set {
		var refused *graphqlError
		switch s := s.(type) {
		case *ast.Field:
			refused = q.measureField(s, times, total, spread)
		case *ast.InlineFragment:
			refused = q.measureSet(s.SelectionSet, times, total, spread)
		case *ast.FragmentSpread:
			if f := q.fragments.ForName(s.Name); f != nil && !slices.Contains(spread, s.Name) {
				refused = q.measureSet(f.SelectionSet, times, total, append(slices.Clone(spread), s.Name))
			} else {
				refused = &graphqlError{Message: fmt.Sprintf("Fragment %s cannot be used", s.Name)}
			}
		}
		if refused != nil {
			return refused
		}
	}
	return nil
}

func (q *query) measureField(f *ast.Field, times int, total *size, spread []string) *graphqlError {
	a, err := arguments(f, q.variables)
	if err != nil {
		return &graphqlError{Message: err.Error(), Locations: location(f)}
	}
	switch page := max(a.integer("first"), a.integer("last")); {
	case a.has("first") || a.has("last"):
		if page > maxPage || min(a.integer("first"), a.integer("last")) < 0 {
			return tooMany(f, a)
		}
		total.requests += times
		times *= page
		total.nodes = min(total.nodes+times, 1<<40)
	case slices.Contains(connections, f.Name) && len(f.SelectionSet) > 0:
		return &graphqlError{
			Type: "MISSING_PAGINATION_BOUNDARIES", Locations: location(f),
			Message: fmt.Sprintf("You must provide a `first` or `last` value to properly paginate the `%s` connection.", f.Name),
		}
	case f.Name == "nodes" && a.has("ids"):
		ids := len(a.strings("ids"))
		if ids > maxPage {
			return &graphqlError{
				Type: "ARGUMENT_LIMIT", Locations: location(f),
				Message: fmt.Sprintf("You may not provide more than %d node ids; you provided %d.", maxPage, ids),
			}
		}
		times *= ids
	}
	return q.measureSet(f.SelectionSet, min(times, 1<<40), total, spread)
}

func tooMany(f *ast.Field, a args) *graphqlError {
	which := "first"
	if !a.has("first") || a.integer("first") <= maxPage {
		which = "last"
	}
	return &graphqlError{
		Type: "EXCESSIVE_PAGINATION", Locations: location(f),
		Message: fmt.Sprintf("Requesting %d records on the `%s` connection exceeds the `%s` limit of %d records.",
			a.integer(which), f.Name, which, maxPage),
	}
}

// grouped writes a number with commas, as GitHub does.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
