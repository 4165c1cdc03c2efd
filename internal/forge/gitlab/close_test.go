package gitlab_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
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

// late shows merge requests as open that GitLab is about to close.
type late struct {
	next   http.RoundTripper
	closed *int
}

func (l late) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		*l.closed += strings.Count(string(sent), `"state_event":"close"`)
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := l.next.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/merge_requests/1") {
		return resp, err
	}
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	content = bytes.Replace(content, []byte(`"state":"closed"`), []byte(`"state":"opened"`), 1)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// TestCloseIsNotLeftToGitLab: a merge request that is still open after its branch
// is gone is closed by us; one that GitLab has closed is not touched again.
func TestCloseIsNotLeftToGitLab(t *testing.T) {
	for name, asks := range map[string]int{"at once": 0, "late": 1} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			require.NoError(t, w.CreateProject("acme/app", sandbox.ProjectOptions{}, sandbox.File{Path: "Dockerfile", Content: []byte("FROM a\n")}))
			closed := 0
			c := w.client(t, func(o *gitlab.Options) {
				if name == "late" {
					o.Transport = late{o.Transport, &closed}
				}
			})
			all, _, err := c.Repositories(t.Context(), forge.Scope{Names: []string{"acme/app"}, BranchPrefix: prefix})
			require.NoError(t, err)
			made, err := c.Propose(t.Context(), forge.Proposal{
				Repository: all[0], Base: "main", BaseID: all[0].Head, Branch: branch, Title: "t", Message: "m", Body: "b",
				Files: []forge.NewFile{{Path: "Dockerfile", Content: []byte("FROM b\n")}},
			})
			require.NoError(t, err)
			before := w.Writes()
			require.NoError(t, c.Close(t.Context(), all[0], made.Pull, made.Commit, "body", "comment"))
			assert.Equal(t, asks, closed)
			assert.Equal(t, 3+asks, w.Writes()-before)
			assert.Equal(t, "closed", w.MergeRequests("acme/app")[0].State)
		})
	}
}
