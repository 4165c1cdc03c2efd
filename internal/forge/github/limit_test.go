package github_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// TestPace checks that writes keep their distance, and that a run whose time
// is over says so.
func TestPace(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	var at []time.Time
	c, _ := w.spoiled(t, func(r request) *reply {
		if strings.Contains(r.body, "mutation") {
			at = append(at, w.clock.Now())
		}
		return nil
	}, func(o *github.Options) { o.Deadline = w.clock.Now().Add(12 * time.Second) })
	r := find(t, c, "acme/app")
	pull := forge.PullRequest{ID: "PR_none"}
	for range 12 {
		err := c.Note(t.Context(), r, pull, "x", "y")
		require.ErrorIs(t, err, forge.ErrNotFound)
	}
	for i := 1; i < len(at); i++ {
		assert.GreaterOrEqual(t, at[i].Sub(at[i-1]), time.Second)
	}
	assert.Equal(t, github.Count{Reads: 1, Writes: 12, Points: 61}, c.Requests())
	require.ErrorIs(t, c.Note(t.Context(), r, pull, "x", "y"), forge.ErrNotFound)
	err := c.Note(t.Context(), r, pull, "x", "y")
	require.ErrorIs(t, err, forge.ErrLimited)
	require.EqualError(t, err, "update pull request: rate limit: pacing by GitHub's published limits, it ends at 2026-03-01T12:00:13Z, in 1s; what is left is for the next run")
}

// TestTooQuickly meets the limit that only a step of a document is told of.
func TestTooQuickly(t *testing.T) {
	for _, mode := range []string{"100644", "100755"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t)
			w.repository(t, "acme/app")
			c := w.client(t, nil)
			p := w.proposal(t, c, "acme/app", "FROM debian:13\n")
			p.Files[0].Mode = mode
			w.spoilPulls(2)
			done, err := c.Propose(t.Context(), p)
			require.NoError(t, err)
			assert.Equal(t, "OPEN", w.PullRequests("acme/app")[0].State)
			assert.Equal(t, done.Commit, w.PullRequests("acme/app")[0].HeadID)
			assert.GreaterOrEqual(t, w.clock.Slept(), 3*time.Minute)

			// Without the time for it, what is there stays for the next run.
			w = newWorld(t)
			w.repository(t, "acme/app")
			c = w.client(t, func(o *github.Options) { o.Deadline = w.clock.Now().Add(90 * time.Second) })
			p = w.proposal(t, c, "acme/app", "FROM debian:13\n")
			p.Files[0].Mode = mode
			w.spoilPulls(2)
			_, err = c.Propose(t.Context(), p)
			require.ErrorIs(t, err, forge.ErrLimited)
			assert.Empty(t, w.PullRequests("acme/app"))
			left, err := w.Branches("acme/app", prefix)
			require.NoError(t, err)
			assert.Equal(t, []string{branch}, left)
			_, err = w.client(t, nil).Propose(t.Context(), w.proposal(t, w.client(t, nil), "acme/app", "FROM debian:13\n"))
			require.NoError(t, err)
			assert.Len(t, w.PullRequests("acme/app"), 1)
		})
	}
}

// spoilPulls has the next n pull requests come too quickly.
func (w *world) spoilPulls(n int) {
	inner := w.handler
	w.handler = http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if n > 0 && bytes.Contains(body, []byte("createPullRequest")) {
			n--
			w.RefuseContent(1, sandbox.Refusal{TooQuickly: true})
		}
		inner.ServeHTTP(out, r)
	})
}

// TestLag has GitHub not find the branch that it has just made.
func TestLag(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	late := true
	c, _ := w.spoiled(t, func(r request) *reply {
		if !late || !strings.Contains(r.body, "createRef") {
			return nil
		}
		late = false
		head, err := w.Branch("acme/app", "main")
		require.NoError(t, err)
		require.NoError(t, w.ForcePush("acme/app", branch, person, head))
		answer := status(200, `{"data":{"branch":{"clientMutationId":null},"commit":null,"pull":null},"errors":[
{"type":"STALE_DATA","path":["commit"],"message":"Expected branch to point to \"x\" but it did not. Pull and try again."},
{"type":"UNPROCESSABLE","path":["pull"],"message":"No commits between main and x"}]}`)
		return &answer
	}, nil)
	_, err := c.Propose(t.Context(), w.proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.NoError(t, err)
	assert.Len(t, w.PullRequests("acme/app"), 1)
	assert.Equal(t, 2, c.Requests().Writes)
}
