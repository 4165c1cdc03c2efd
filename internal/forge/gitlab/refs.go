package gitlab

import (
	"context"
	"errors"
	"fmt"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// perBranch is how many merge requests from one branch are looked at: some may
// be from a fork's branch of the same name.
const perBranch = 5

// askRefs asks about branches, many to a document: field is what of each one's
// project, with a place for the one variable that of returns. The errors are in
// the order of refs.
func askRefs[T any](ctx context.Context, c *Client, refs []forge.Ref, field, kind string, of func(forge.Ref) any, take func(int, *T), alone func(context.Context, int) error) ([]error, error) {
	errs := make([]error, len(refs))
	failed := func(i int, err error) { errs[i] = err }
	cost := 1 + complexity(field)
	err := c.each(ctx, len(refs), question{
		cost: func(int) int { return cost }, failed: failed, alone: alone,
		ask: func(ctx context.Context, items []int) error {
			doc := newDocument()
			var asked []int
			for _, i := range items {
				if err := checkName(refs[i].Repository.Name); err != nil {
					failed(i, err)
					continue
				}
				asked = append(asked, i)
				doc.project(i, refs[i].Repository.Name, field, doc.variable(kind, of(refs[i])))
			}
			if len(asked) == 0 {
				return nil
			}
			answers, err := askAll[T](ctx, c, asked, doc)
			if err != nil {
				return err
			}
			for _, i := range asked {
				if err := c.problem(answers[i].Value == nil, answers[i].Refuse); err != nil {
					failed(i, err)
					continue
				}
				take(i, answers[i].Value)
			}
			return nil
		},
	})
	return errs, err
}

// joined makes one error of some; nil of none.
func joined(refs []forge.Ref, errs []error) error {
	var some []forge.Skipped
	for i, err := range errs {
		if err != nil {
			some = append(some, forge.Skipped{Name: refs[i].Repository.Name, Err: err})
		}
	}
	if some == nil {
		return nil
	}
	return &forge.IncompleteError{Skipped: some}
}

func headRef(r forge.Ref) any { return heads + r.Branch }

func sources(r forge.Ref) any { return []string{r.Branch} }

// repositoryTop is a project with a tree of which only the commit counts.
type repositoryTop struct {
	Repository *struct{ Tree *treeTop }
}

func (t *repositoryTop) commit() *commitNode {
	if t.Repository == nil {
		return nil
	}
	return t.Repository.Tree.commit()
}

// Heads returns the commits of branches, in the order of refs; empty where
// there is no such branch. Some fifteen go into a request.
//
// An error other than the context's and [forge.ErrLimited] is about some of
// them; the others are there all the same.
func (c *Client) Heads(ctx context.Context, refs []forge.Ref) ([]string, error) {
	commits := make([]string, len(refs))
	take := func(i int, t *repositoryTop) {
		if commit := t.commit(); commit != nil {
			commits[i] = commit.SHA
		}
	}
	alone := func(ctx context.Context, i int) (err error) {
		commits[i], err = c.head(ctx, refs[i].Repository, refs[i].Branch)
		return err
	}
	errs, err := askRefs(ctx, c, refs, "repository{tree(ref:%s){lastCommit{sha}}}", "String", headRef, take, alone)
	if err == nil {
		err = joined(refs, errs)
	}
	if err != nil {
		return commits, fmt.Errorf("read branches: %w", err)
	}
	return commits, nil
}

// head returns the commit at a branch; empty where there is none.
func (c *Client) head(ctx context.Context, r forge.Repository, branch string) (string, error) {
	b, err := c.branch(ctx, r, branch)
	if err != nil || b == nil {
		return "", err
	}
	return b.Commit.ID, nil
}

// branch returns a branch; nil where there is none.
func (c *Client) branch(ctx context.Context, r forge.Repository, branch string) (*rest.Branch, error) {
	id, err := project(r)
	if err != nil {
		return nil, err
	}
	b, resp, err := c.rest.Branches.GetBranch(id, branch, reading(ctx))
	switch {
	case errors.Is(err, rest.ErrNotFound) && isMissing(resp, "branch"):
		return nil, nil
	case err != nil:
		return nil, c.restError(resp, err)
	case b.Commit == nil || checkID(b.Commit.ID) != nil:
		return nil, halfError()
	}
	return b, nil
}

// Branches returns, in the order of refs, the branches with the open merge
// requests from them; nil where there is no such branch. Some five go into a
// request. The parents of a head are not known unless a merge request tells.
//
// An error other than the context's and [forge.ErrLimited] is about some of
// them; the others are there all the same.
func (c *Client) Branches(ctx context.Context, refs []forge.Ref) ([]*forge.Branch, error) {
	all := make([]*forge.Branch, len(refs))
	take := func(i int, t *repositoryTop) {
		if n := t.commit(); n != nil {
			all[i] = &forge.Branch{Name: refs[i].Branch, Head: forge.Commit{ID: n.SHA, Mine: n.mine(c.knownAccount())}}
		}
	}
	alone := func(ctx context.Context, i int) (err error) {
		all[i], err = c.restBranch(ctx, refs[i])
		return err
	}
	errs, err := askRefs(ctx, c, refs, "repository{tree(ref:%s){lastCommit{"+commitFields+"}}}", "String", headRef, take, alone)
	if err != nil {
		return all, fmt.Errorf("read branches: %w", err)
	}
	err = c.pullsAt(ctx, refs, all, errs)
	if err == nil {
		err = joined(refs, errs)
	}
	if err != nil {
		return all, fmt.Errorf("read branches: %w", err)
	}
	return all, nil
}

// pullsAt asks for the open merge requests from those branches that are there.
func (c *Client) pullsAt(ctx context.Context, refs []forge.Ref, all []*forge.Branch, errs []error) error {
	var there []forge.Ref
	var at []int
	for i, b := range all {
		if b != nil {
			there, at = append(there, refs[i]), append(at, i)
		}
	}
	pulls, failed, err := c.pullsOf(ctx, there)
	if err != nil {
		return err
	}
	for k, i := range at {
		all[i].Pull = pulls[k]
		if failed[k] != nil {
			all[i], errs[i] = nil, failed[k]
		}
	}
	return nil
}

// pullsOf returns the newest open merge request from each branch; nil for none.
func (c *Client) pullsOf(ctx context.Context, refs []forge.Ref) ([]*forge.PullRequest, []error, error) {
	pulls := make([]*forge.PullRequest, len(refs))
	field := fmt.Sprintf("mergeRequests(sourceBranches:%%s,state:opened,first:%d,sort:CREATED_DESC){nodes{%s}}", perBranch, pullFields)
	take := func(i int, a *struct{ MergeRequests *pullPage }) {
		if a.MergeRequests == nil {
			return
		}
		for _, n := range a.MergeRequests.Nodes {
			if n != nil && !n.foreign() {
				pull := n.value(c.knownAccount())
				pulls[i] = &pull
				return
			}
		}
	}
	alone := func(ctx context.Context, i int) (err error) {
		pulls[i], err = c.restPullOf(ctx, refs[i])
		return err
	}
	errs, err := askRefs(ctx, c, refs, field, "[String!]", sources, take, alone)
	return pulls, errs, err
}

// Closed returns, in the order of refs, the newest merge request of ours from
// that branch that was closed unmerged; nil where there is none, or one was
// merged since.
//
// An error other than the context's and [forge.ErrLimited] is about some of
// them; the others are there all the same.
func (c *Client) Closed(ctx context.Context, refs []forge.Ref) ([]*forge.PullRequest, error) {
	closed := make([]*forge.PullRequest, len(refs))
	field := fmt.Sprintf("mergeRequests(sourceBranches:%%s,first:%d,sort:CREATED_DESC){nodes{%s}}", perBranch, pullFields)
	take := func(i int, a *struct{ MergeRequests *pullPage }) {
		if a.MergeRequests == nil {
			return
		}
		var pulls []forge.PullRequest
		for _, n := range a.MergeRequests.Nodes {
			if n != nil {
				pulls = append(pulls, n.value(c.knownAccount()))
			}
		}
		closed[i] = declined(pulls)
	}
	alone := func(ctx context.Context, i int) error {
		pulls, err := c.restPulls(ctx, refs[i], "")
		closed[i] = declined(pulls)
		return err
	}
	errs, err := askRefs(ctx, c, refs, field, "[String!]", sources, take, alone)
	if err == nil {
		err = joined(refs, errs)
	}
	if err != nil {
		return closed, fmt.Errorf("read closed merge requests: %w", err)
	}
	return closed, nil
}

// declined returns the first of ours that was closed, of several by age, the
// newest first, unless one was merged since.
func declined(pulls []forge.PullRequest) *forge.PullRequest {
	for _, p := range pulls {
		switch {
		case p.Foreign || p.State == forge.Open:
		case p.State == forge.Merged:
			return nil
		case p.Mine:
			return &p
		}
	}
	return nil
}

// Matching returns the branches of a project that glob accepts, by name; a
// hundred go into a request.
func (c *Client) Matching(ctx context.Context, repository forge.Repository, glob func(string) bool) ([]string, error) {
	var all []string
	err := c.walkBranches(ctx, repository, nil, func(b *rest.Branch) {
		if glob(b.Name) {
			all = append(all, b.Name)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("list branches: %w", err)
	}
	return all, nil
}
