package gitlab

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Repositories returns the projects of scope by name, each once, with their
// branches under the prefix and the open merge requests from those. Groups,
// with all that is below them, users and memberships are listed side by side,
// up to a hundred projects to a request, and show only branches with an open
// merge request: these projects are Partial. Projects given by name are
// complete, for one request each. Projects of others that are merely shared with
// a group are listed only if the scope says so, and then as if given by name.
//
// A group or a project that cannot be listed is among the skipped, with what to
// do about it. The error is the context's, or [forge.ErrLimited].
func (c *Client) Repositories(ctx context.Context, scope forge.Scope) ([]forge.Repository, []forge.Skipped, error) {
	found := &finds{byName: map[string]*find{}}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(c.opts.Concurrency)
	for _, l := range listings(scope) {
		group.Go(func() error { return c.list(groupCtx, l, scope.BranchPrefix, found) })
	}
	if scope.Shared {
		for _, path := range scope.Organizations {
			group.Go(func() error { return c.listShared(groupCtx, path, scope.BranchPrefix, found) })
		}
	}
	if len(scope.Names) > 0 {
		group.Go(func() error { return c.listNames(groupCtx, scope.Names, scope.BranchPrefix, found) })
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	if err := c.morePulls(ctx, scope.BranchPrefix, found); err != nil {
		return nil, nil, err
	}
	repositories, skipped := found.sorted()
	return repositories, skipped, nil
}

// listings are what of a scope is listed page by page, each once.
func listings(scope forge.Scope) []projectList {
	var all []projectList
	seen := map[string]bool{}
	add := func(l projectList) {
		if key := strings.ToLower(l.of); !seen[key] {
			seen[key] = true
			all = append(all, l)
		}
	}
	for _, path := range scope.Organizations {
		add(projectList{of: path, field: "group(fullPath:$path)", arguments: "includeSubgroups:true,", path: path, rest: (*Client).restGroup})
	}
	for _, path := range scope.Users {
		add(projectList{of: path, field: "namespace(fullPath:$path)", path: path, rest: (*Client).restUser})
	}
	if scope.Installation {
		add(projectList{of: "the token's projects", arguments: "membership:true,", rest: (*Client).restMember})
	}
	return all
}

// find is a project that was found.
type find struct {
	repository forge.Repository
	open       bool // it has more open merge requests than the listing showed
}

// finds collects what is found, from several goroutines.
type finds struct {
	mu      sync.Mutex
	byName  map[string]*find
	skipped []forge.Skipped
}

// add keeps a project, unless what is known of it is complete already.
func (f *finds) add(r forge.Repository, open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := strings.ToLower(r.Name)
	if known, ok := f.byName[key]; ok && (!known.repository.Partial || r.Partial) {
		return
	}
	f.byName[key] = &find{r, open}
}

func (f *finds) skip(name string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.skipped = append(f.skipped, forge.Skipped{Name: name, Err: err})
}

// drop takes a project back that turned out not to be readable.
func (f *finds) drop(one *find, err error) {
	f.skip(one.repository.Name, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byName, strings.ToLower(one.repository.Name))
}

func (f *finds) sorted() ([]forge.Repository, []forge.Skipped) {
	all := make([]forge.Repository, 0, len(f.byName))
	for _, one := range f.byName {
		sortBranches(one.repository.Branches)
		all = append(all, one.repository)
	}
	slices.SortFunc(all, func(a, b forge.Repository) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	slices.SortStableFunc(f.skipped, func(a, b forge.Skipped) int { return cmp.Compare(a.Name, b.Name) })
	return all, f.skipped
}

func sortBranches(all []forge.Branch) {
	slices.SortFunc(all, func(a, b forge.Branch) int { return cmp.Compare(a.Name, b.Name) })
}

// branchesOf returns the branches under the prefix of a page of open merge
// requests, the newest first; of several from one branch, the newest.
func branchesOf(page *pullPage, prefix string, a account) []forge.Branch {
	var all []forge.Branch
	seen := map[string]bool{}
	for _, n := range page.Nodes {
		if n == nil || n.foreign() || !strings.HasPrefix(n.SourceBranch, prefix) || seen[n.SourceBranch] {
			continue
		}
		seen[n.SourceBranch] = true
		all = append(all, n.branch(a))
	}
	return all
}
