package github

import (
	"context"
	"errors"
	"fmt"
	"strings"

	rest "github.com/google/go-github/v60/github"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Closed returns, in the order of refs, the newest pull request of ours from
// that branch that was closed unmerged; nil where there is none, or one was
// merged since. A hundred go into a request. Where the newest few are not ours,
// as anybody's are who names a branch of a fork as ours, those of the repository's
// own branch are one more.
//
// An error other than the context's and [forge.ErrLimited] is about some of
// them; the others are there all the same.
func (c *Client) Closed(ctx context.Context, refs []forge.Ref) ([]*forge.PullRequest, error) {
	closed := make([]*forge.PullRequest, len(refs))
	field := `{id pullRequests(headRefName:%s,states:[CLOSED,MERGED],first:5,orderBy:{field:CREATED_AT,direction:DESC}){pageInfo{hasNextPage} nodes{` + pullFields + `}}}`
	type answer struct {
		ID           string
		PullRequests struct {
			PageInfo pageInfo
			Nodes    []*pullNode
		}
	}
	hidden := make([]bool, len(refs)) // behind those of others
	err := askRefs(ctx, c, refs, field, func(r forge.Ref) string { return r.Branch }, func(i int, a *answer) {
		for _, n := range a.PullRequests.Nodes {
			if n == nil || n.IsCrossRepository {
				continue
			}
			pull := n.value(c.knownAccount())
			if pull.State == forge.Closed && pull.Mine {
				closed[i] = &pull
			}
			if pull.State == forge.Merged || pull.Mine {
				return
			}
		}
		hidden[i] = a.PullRequests.PageInfo.HasNextPage
	})
	for i, ref := range refs {
		if !hidden[i] || err != nil && isFinal(ctx, err) {
			continue
		}
		pull, oneErr := c.closedOwn(ctx, ref)
		if oneErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", ref.Repository.Name, oneErr))
		}
		closed[i] = pull
	}
	if err != nil {
		return closed, fmt.Errorf("read closed pull requests: %w", err)
	}
	return closed, nil
}

// closedOwn looks among the hundred newest that came from the repository's own
// branch, whoever opened them: REST knows them by the branch's owner.
func (c *Client) closedOwn(ctx context.Context, ref forge.Ref) (*forge.PullRequest, error) {
	owner, name, err := split(ref.Repository.Name)
	if err != nil {
		return nil, err
	}
	options := &rest.PullRequestListOptions{State: "closed", Head: owner + ":" + ref.Branch, ListOptions: rest.ListOptions{PerPage: perRequest}}
	all, resp, err := c.rest.PullRequests.List(reading(ctx, owner), owner, name, options)
	if err != nil {
		return nil, restError(c.who(), resp, err)
	}
	for _, p := range all {
		if !strings.EqualFold(p.GetHead().GetRepo().GetFullName(), ref.Repository.Name) || p.GetHead().GetRef() != ref.Branch {
			continue // a fork within the same organization
		}
		mine := strings.EqualFold(p.GetUser().GetLogin(), c.knownAccount().Login)
		switch {
		case p.MergedAt != nil:
			return nil, nil
		case mine:
			return &forge.PullRequest{
				ID: p.GetNodeID(), Number: p.GetNumber(), URL: p.GetHTMLURL(), State: forge.Closed, Title: p.GetTitle(), Body: p.GetBody(),
				Base: p.GetBase().GetRef(), Head: p.GetHead().GetRef(), HeadID: p.GetHead().GetSHA(), Mine: true, Draft: p.GetDraft(),
			}, nil
		}
	}
	return nil, nil
}
