package github_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// TestNobodyHidesADecline has more closed pull requests from forks than a page
// holds, from branches that are named as ours is.
func TestNobodyHidesADecline(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	w.repository(t, "acme/quiet")
	c := w.client(t, nil)
	r := find(t, c, "acme/app")
	refs := []forge.Ref{{Repository: find(t, c, "acme/quiet"), Branch: branch}, {Repository: r, Branch: branch}}
	outside := func() {
		for i := range 7 {
			fork := fmt.Sprintf("mallory%d", i)
			_ = w.Fork("acme/app", fork) // it may be there
			_, err := w.Push(fork+"/app", branch, fork, "x", sandbox.File{Path: "x", Content: fmt.Append(nil, w.clock.Now(), i)})
			require.NoError(t, err)
			number, err := w.OpenPull("acme/app", fork, fork+":"+branch, "main", "x", "")
			require.NoError(t, err)
			require.NoError(t, w.ClosePull("acme/app", number, fork))
		}
	}
	outside()
	closed, err := c.Closed(t.Context(), refs)
	require.NoError(t, err)
	assert.Equal(t, []*forge.PullRequest{nil, nil}, closed, "none is ours")

	done, err := c.Propose(t.Context(), w.proposal(t, c, "acme/app", "FROM debian:13\n"))
	require.NoError(t, err)
	require.NoError(t, w.ClosePull("acme/app", done.Pull.Number, person))
	outside()
	before := c.Requests().Total()
	closed, err = c.Closed(t.Context(), refs)
	require.NoError(t, err)
	assert.Nil(t, closed[0])
	require.NotNil(t, closed[1])
	assert.Equal(t, done.Pull.Number, closed[1].Number)
	assert.Equal(t, done.Commit, closed[1].HeadID)
	assert.Equal(t, done.Pull.Body, closed[1].Body)
	assert.Equal(t, 2, c.Requests().Total()-before)

	spoiled, _ := w.spoiled(t, func(r request) *reply {
		if strings.Contains(r.URL.Path, "/pulls") {
			answer := status(http.StatusForbidden, `{"message":"Resource not accessible by integration"}`)
			return &answer
		}
		return nil
	}, nil)
	_, err = spoiled.Closed(t.Context(), refs)
	require.ErrorContains(t, err, "acme/app: permission denied")

	next, err := c.Propose(t.Context(), w.proposal(t, c, "acme/app", "FROM debian:14\n"))
	require.NoError(t, err)
	require.NoError(t, w.Merge("acme/app", next.Pull.Number, person))
	outside()
	closed, err = c.Closed(t.Context(), refs)
	require.NoError(t, err)
	assert.Nil(t, closed[1], "one was merged since")
}
