package gitlab_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// cutOff has a client that is killed at its request n: all from there on get no
// answer, and that one is done where answered says so.
type cutOff struct {
	next     http.RoundTripper
	n        int
	answered bool
}

var errCutOff = errors.New("cut off")

func (c *cutOff) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n--
	if c.n >= 0 {
		return c.next.RoundTrip(r)
	}
	if c.n == -1 && c.answered {
		resp, err := c.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		_ = resp.Body.Close()
	}
	return nil, errCutOff
}

// TestCutOff: wherever closing or noting is cut off, another attempt leaves what
// one alone would have: one comment, the new body, and no branch of a merge
// request that was closed.
func TestCutOff(t *testing.T) {
	closing := func(t *testing.T, c *gitlab.Client, r forge.Repository, p forge.PullRequest) error {
		return c.Close(t.Context(), r, p, p.HeadID, "body", "comment")
	}
	noting := func(t *testing.T, c *gitlab.Client, r forge.Repository, p forge.PullRequest) error {
		return c.Note(t.Context(), r, p, "body", "comment")
	}
	tests := map[string]struct {
		do       func(t *testing.T, c *gitlab.Client, r forge.Repository, p forge.PullRequest) error
		state    string
		branches int
	}{
		"close": {closing, "closed", 0},
		"note":  {noting, "opened", 1},
	}
	for name, tt := range tests {
		for _, answered := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				for n, done := 0, false; !done; n++ {
					require.Less(t, n, 20)
					w := newWorld(t)
					require.NoError(t, w.CreateProject("acme/app", sandbox.ProjectOptions{}, sandbox.File{Path: "Dockerfile", Content: []byte("FROM a\n")}))
					whole := w.client(t, func(o *gitlab.Options) { o.Concurrency = 1 })
					listed := func() forge.Repository {
						all, _, err := whole.Repositories(t.Context(), forge.Scope{Names: []string{"acme/app"}, BranchPrefix: prefix})
						require.NoError(t, err)
						return all[0]
					}
					r := listed()
					made, err := whole.Propose(t.Context(), forge.Proposal{
						Repository: r, Base: "main", BaseID: r.Head, Branch: branch, Title: "t", Message: "m", Body: "b",
						Files: []forge.NewFile{{Path: "Dockerfile", Content: []byte("FROM b\n")}},
					})
					require.NoError(t, err)
					killed := w.client(t, func(o *gitlab.Options) {
						o.Concurrency, o.Retries = 1, 1
						o.Transport = &cutOff{o.Transport, n, answered}
					})
					done = tt.do(t, killed, r, made.Pull) == nil
					if w.MergeRequests("acme/app")[0].State == "opened" && !done {
						require.NoError(t, tt.do(t, whole, r, made.Pull), "request %d", n)
					}
					after := w.MergeRequests("acme/app")[0]
					assert.Equal(t, tt.state, after.State, "request %d", n)
					assert.Equal(t, "body", after.Description, "request %d", n)
					assert.Len(t, w.Notes("acme/app", after.IID), 1, "request %d", n)
					left, err := w.Branches("acme/app", prefix)
					require.NoError(t, err)
					assert.Len(t, left, tt.branches, "request %d", n)
				}
			})
		}
	}
}
