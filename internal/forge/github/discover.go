package github

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Repositories returns the repositories of scope by name, each once, with
// their branches under the prefix and the open pull requests from those; a
// hundred to a request. Owners are listed side by side.
//
// An owner or a repository that cannot be listed is among the skipped, with
// what to do about it. The error is the context's, or [forge.ErrLimited].
func (c *Client) Repositories(ctx context.Context, scope forge.Scope) ([]forge.Repository, []forge.Skipped, error) {
	found := &finds{byID: map[string]*find{}}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(c.opts.Concurrency)
	for _, owner := range owners(scope) {
		group.Go(func() error { return c.listOwner(groupCtx, owner, scope.BranchPrefix, found) })
	}
	if len(scope.Names) > 0 {
		group.Go(func() error { return c.listNames(groupCtx, scope.Names, scope.BranchPrefix, found) })
	}
	if scope.Installation {
		group.Go(func() error { return c.listVisible(groupCtx, scope.BranchPrefix, found) })
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	if err := c.moreBranches(ctx, scope.BranchPrefix, found); err != nil {
		return nil, nil, err
	}
	repositories, skipped := found.sorted()
	return repositories, skipped, nil
}

// owners returns organizations and users, which share their names, once each.
func owners(scope forge.Scope) []string {
	var all []string
	seen := map[string]bool{}
	for _, owner := range slices.Concat(scope.Organizations, scope.Users) {
		if !seen[strings.ToLower(owner)] {
			seen[strings.ToLower(owner)] = true
			all = append(all, owner)
		}
	}
	return all
}

// find is a repository that was found, and where its branches go on.
type find struct {
	repository forge.Repository
	next       pageInfo
}

// finds collects what is found, from several goroutines.
type finds struct {
	mu      sync.Mutex
	byID    map[string]*find
	skipped []forge.Skipped
}

func (f *finds) add(n *repositoryNode, account forge.Account) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.byID[n.ID]; !ok {
		f.byID[n.ID] = &find{n.value(account), n.Refs.PageInfo}
	}
}

func (f *finds) skip(name string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.skipped = append(f.skipped, forge.Skipped{Name: name, Err: err})
}

func (f *finds) sorted() ([]forge.Repository, []forge.Skipped) {
	all := make([]forge.Repository, 0, len(f.byID))
	for _, one := range f.byID {
		slices.SortFunc(one.repository.Branches, func(a, b forge.Branch) int { return cmp.Compare(a.Name, b.Name) })
		all = append(all, one.repository)
	}
	slices.SortFunc(all, func(a, b forge.Repository) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	slices.SortStableFunc(f.skipped, func(a, b forge.Skipped) int { return cmp.Compare(a.Name, b.Name) })
	return all, f.skipped
}

// moreBranches lists the branches of those repositories that have more under
// the prefix than the listing showed.
func (c *Client) moreBranches(ctx context.Context, prefix string, found *finds) error {
	const pages = 80
	for range pages {
		var open []*find
		for _, one := range found.byID {
			if one.next.HasNextPage {
				open = append(open, one)
			}
		}
		if len(open) == 0 {
			return nil
		}
		slices.SortFunc(open, func(a, b *find) int { return cmp.Compare(a.repository.Name, b.repository.Name) })
		owner := func(i int) string { return nameOf(open[i].repository) }
		failed := func(i int, err error) {
			open[i].next = pageInfo{}
			found.drop(open[i], fmt.Errorf("list branches under %s: %w", prefix, err))
		}
		ask := func(ctx context.Context, b batch) error { return c.askBranches(ctx, b, open, prefix, failed) }
		if err := c.each(ctx, c.batches(len(open), owner, perRequest, weightless, 0), ask, failed); err != nil {
			return err
		}
	}
	for _, one := range found.byID {
		if one.next.HasNextPage {
			found.drop(one, fmt.Errorf("more than %d branches under %s", listedBranches+pages*furtherBranches, prefix))
		}
	}
	return nil
}

// drop takes a repository back that turned out not to be readable.
func (f *finds) drop(one *find, err error) {
	f.skip(one.repository.Name, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byID, one.repository.ID)
}

func (c *Client) askBranches(ctx context.Context, b batch, open []*find, prefix string, failed func(int, error)) error {
	variables := map[string]any{}
	doc := newDocument(prefixVariables(prefix, variables), variables)
	for _, i := range b.items {
		doc.field(i, `node(id:%s){...on Repository{refs(refPrefix:$refPrefix,query:$refQuery,first:`+strconv.Itoa(furtherBranches)+`,after:%s,orderBy:{field:ALPHABETICAL,direction:ASC}){pageInfo{hasNextPage endCursor} nodes{`+branchFields+`}}}}`,
			doc.variable("ID!", open[i].repository.ID), doc.variable("String", open[i].next.EndCursor))
	}
	answers, err := askAll[struct{ Refs refPage }](ctx, c, b, doc)
	if err != nil {
		return err
	}
	for _, i := range b.items {
		one, answer := open[i], answers[i]
		if answer.Value == nil {
			failed(i, cmp.Or(answer.Refuse, forge.ErrNotFound))
			continue
		}
		page := answer.Value.Refs
		one.repository.Branches = append(one.repository.Branches, page.values(one.repository.ID, c.knownAccount())...)
		if page.PageInfo.EndCursor == one.next.EndCursor {
			page.PageInfo.HasNextPage = false // no progress: a cursor that stays
		}
		one.next = page.PageInfo
	}
	return nil
}
