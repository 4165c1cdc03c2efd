package gitlab

import (
	"context"
	"fmt"
	"strings"

	rest "github.com/xanzy/go-gitlab"
	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// listNames looks projects up by name, many to a document, and their branches
// under the prefix with a request each.
func (c *Client) listNames(ctx context.Context, names []string, prefix string, found *finds) error {
	var valid []string
	seen := map[string]bool{}
	for _, name := range names {
		if seen[strings.ToLower(name)] {
			continue
		}
		seen[strings.ToLower(name)] = true
		if err := checkName(name); err != nil {
			found.skip(name, err)
			continue
		}
		valid = append(valid, name)
	}
	named := make([]*forge.Repository, len(valid))
	err := c.each(ctx, len(valid), question{
		cost:   func(int) int { return 1 + complexity(projectFields) },
		failed: func(i int, err error) { found.skip(valid[i], err) },
		alone: func(ctx context.Context, i int) (err error) {
			named[i], err = c.restNamed(ctx, valid[i])
			return err
		},
		ask: func(ctx context.Context, items []int) error {
			doc := newDocument()
			for _, i := range items {
				doc.project(i, valid[i], escapePercent(projectFields))
			}
			answers, err := askAll[projectNode](ctx, c, items, doc)
			if err != nil {
				return err
			}
			for _, i := range items {
				if named[i], err = c.named(ctx, valid[i], answers[i]); err != nil {
					if isFinal(ctx, err) {
						return err
					}
					found.skip(valid[i], err)
				}
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	return c.nameBranches(ctx, named, prefix, found)
}

// named returns what a name stands for. GraphQL knows nothing of old names;
// REST does.
func (c *Client) named(ctx context.Context, name string, answer answered[projectNode]) (*forge.Repository, error) {
	if answer.Refuse == nil && answer.Value == nil {
		if _, err := c.restNamed(ctx, name); err != nil {
			return nil, err
		}
		return nil, c.notFound()
	}
	if err := c.problem(answer.Value == nil, answer.Refuse); err != nil {
		return nil, err
	}
	r := answer.Value.value()
	return &r, checkRenamed(name, r.Name)
}

// checkRenamed refuses an old name: the token may not be meant for what is
// there now.
func checkRenamed(asked, is string) error {
	if !sameName(asked, is) {
		return fmt.Errorf("it was renamed or moved, and is %s now: put that path into the configuration", is)
	}
	return nil
}

// nameBranches lists the branches of those that were found, and then asks for
// the open merge requests from these.
func (c *Client) nameBranches(ctx context.Context, named []*forge.Repository, prefix string, found *finds) error {
	failed := make([]error, len(named))
	if prefix != "" {
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(c.opts.Concurrency)
		for i, r := range named {
			if r == nil || r.Head == "" {
				continue
			}
			group.Go(func() error {
				r.Branches, failed[i] = c.listBranches(groupCtx, *r, prefix)
				if failed[i] != nil && isFinal(groupCtx, failed[i]) {
					return failed[i]
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		if err := c.addPulls(ctx, named, failed); err != nil {
			return err
		}
	}
	for i, r := range named {
		switch {
		case r == nil:
		case failed[i] != nil:
			found.skip(r.Name, fmt.Errorf("list branches under %s: %w", prefix, failed[i]))
		default:
			found.add(*r, false)
		}
	}
	return nil
}

// maxBranchPages bounds the requests for one project's branches.
const maxBranchPages = 500

// listBranches lists the branches under a prefix, a hundred to a request.
func (c *Client) listBranches(ctx context.Context, r forge.Repository, prefix string) ([]forge.Branch, error) {
	var all []forge.Branch
	search := "^" + prefix
	err := c.walkBranches(ctx, r, &search, func(b *rest.Branch) {
		if b.Commit == nil || !strings.HasPrefix(b.Name, prefix) {
			return
		}
		a := c.knownAccount()
		all = append(all, forge.Branch{Name: b.Name, Head: forge.Commit{
			ID: b.Commit.ID, Parents: b.Commit.ParentIDs, Mine: a.made(b.Commit.AuthorEmail, b.Commit.CommitterEmail, b.Commit.CommitterName),
		}})
	})
	sortBranches(all)
	return all, err
}

// walkBranches goes through branches, all or those that search is about.
func (c *Client) walkBranches(ctx context.Context, r forge.Repository, search *string, take func(*rest.Branch)) error {
	id, err := project(r)
	if err != nil {
		return err
	}
	options := &rest.ListBranchesOptions{ListOptions: rest.ListOptions{PerPage: perRequest, Page: 1}, Search: search}
	for ; options.Page <= maxBranchPages; options.Page++ {
		part, resp, err := c.rest.Branches.ListBranches(id, options, reading(ctx))
		if err != nil {
			return c.restError(resp, err)
		}
		for _, b := range part {
			take(b)
		}
		if len(part) < perRequest {
			return nil
		}
	}
	return fmt.Errorf("more than %d", maxBranchPages*perRequest)
}

// addPulls gives the branches their open merge requests.
func (c *Client) addPulls(ctx context.Context, named []*forge.Repository, failed []error) error {
	var refs []forge.Ref
	var at [][2]int
	for i, r := range named {
		if r == nil || failed[i] != nil {
			continue
		}
		for j, b := range r.Branches {
			refs = append(refs, forge.Ref{Repository: *r, Branch: b.Name})
			at = append(at, [2]int{i, j})
		}
	}
	pulls, errs, err := c.pullsOf(ctx, refs)
	if err != nil {
		return err
	}
	for k, where := range at {
		named[where[0]].Branches[where[1]].Pull = pulls[k]
		if errs[k] != nil {
			failed[where[0]] = errs[k]
		}
	}
	return nil
}

func escapePercent(s string) string { return strings.ReplaceAll(s, "%", "%%") }
