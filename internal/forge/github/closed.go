package github

import (
	"context"
	"fmt"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Closed returns, in the order of refs, the newest pull request of ours from
// that branch that was closed unmerged; nil where there is none, or one was
// merged since. A hundred go into a request.
//
// An error other than the context's and [forge.ErrLimited] is about some of
// them; the others are there all the same.
func (c *Client) Closed(ctx context.Context, refs []forge.Ref) ([]*forge.PullRequest, error) {
	closed := make([]*forge.PullRequest, len(refs))
	field := `{id pullRequests(headRefName:%s,states:[CLOSED,MERGED],first:5,orderBy:{field:CREATED_AT,direction:DESC}){nodes{` + pullFields + `}}}`
	type answer struct {
		ID           string
		PullRequests struct{ Nodes []*pullNode }
	}
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
	})
	if err != nil {
		return closed, fmt.Errorf("read closed pull requests: %w", err)
	}
	return closed, nil
}
