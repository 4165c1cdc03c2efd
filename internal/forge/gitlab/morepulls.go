package gitlab

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// morePulls asks for the account's own open merge requests in those projects
// that have more than the listing showed. Those of others under the prefix are
// then found by name, as all that a partial listing leaves out.
func (c *Client) morePulls(ctx context.Context, prefix string, found *finds) error {
	var open []*find
	for _, one := range found.byName {
		if one.open {
			open = append(open, one)
		}
	}
	slices.SortFunc(open, func(a, b *find) int { return strings.Compare(a.repository.Name, b.repository.Name) })
	after := make([]string, len(open))
	for range maxPullPages {
		var todo []int
		for i, one := range open {
			if one.open {
				todo = append(todo, i)
			}
		}
		if len(todo) == 0 {
			return nil
		}
		if err := c.morePullsOf(ctx, todo, open, after, prefix, found); err != nil {
			return err
		}
	}
	for _, one := range open {
		if one.open {
			found.drop(one, fmt.Errorf("there are more than %d pages of open merge requests", maxPullPages))
		}
	}
	return nil
}

func (c *Client) morePullsOf(ctx context.Context, todo []int, open []*find, after []string, prefix string, found *finds) error {
	field := fmt.Sprintf("mergeRequests(state:opened,authorUsername:%%s,first:%d,after:%%s,sort:CREATED_DESC){pageInfo{hasNextPage endCursor} nodes{%s}}", listedPulls, pullFields)
	failed := func(item int, err error) {
		open[todo[item]].open = false
		found.drop(open[todo[item]], fmt.Errorf("list open merge requests: %w", err))
	}
	return c.each(ctx, len(todo), question{
		cost:   func(int) int { return 1 + complexity(field) },
		failed: failed,
		alone: func(ctx context.Context, item int) error {
			one := open[todo[item]]
			one.open = false
			return c.restBranches(ctx, &one.repository, prefix)
		},
		ask: func(ctx context.Context, items []int) error {
			doc := newDocument()
			for _, item := range items {
				i := todo[item]
				doc.project(item, open[i].repository.Name, field, doc.variable("String", c.knownAccount().Login), doc.variable("String", orNull(after[i])))
			}
			answers, err := askAll[struct{ MergeRequests *pullPage }](ctx, c, items, doc)
			if err != nil {
				return err
			}
			for _, item := range items {
				one, answer := open[todo[item]], answers[item]
				if err := c.problem(answer.Value == nil || answer.Value.MergeRequests == nil, answer.Refuse); err != nil {
					failed(item, err)
					continue
				}
				page := answer.Value.MergeRequests
				addBranches(&one.repository, branchesOf(page, prefix, c.knownAccount()))
				one.open = page.PageInfo.HasNextPage && page.PageInfo.EndCursor != after[todo[item]]
				after[todo[item]] = page.PageInfo.EndCursor
			}
			return nil
		},
	})
}

// addBranches adds those that are not there.
func addBranches(r *forge.Repository, more []forge.Branch) {
	for _, b := range more {
		if !slices.ContainsFunc(r.Branches, func(known forge.Branch) bool { return known.Name == b.Name }) {
			r.Branches = append(r.Branches, b)
		}
	}
}

// orNull is a cursor, or none.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
