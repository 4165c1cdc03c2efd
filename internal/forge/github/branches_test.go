package github_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// TestBranchesOfManyRepositories: ten of each come with the listing, and the
// further ones of a hundred repositories in one request.
func TestBranchesOfManyRepositories(t *testing.T) {
	w := newWorld(t)
	const repositories = 30
	listed := func(branches, requests int) {
		t.Helper()
		for i := range repositories {
			name := fmt.Sprintf("acme/app%02d", i)
			_, err := w.Push(name, fmt.Sprintf("basekeeper/%02d", branches), person, "x", sandbox.File{Path: "x", Content: fmt.Append(nil, branches)})
			require.NoError(t, err)
		}
		c := w.client(t, func(o *github.Options) { o.Concurrency = 1 })
		found, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{org}, BranchPrefix: prefix})
		require.NoError(t, err)
		require.Empty(t, skipped)
		require.Len(t, found, repositories)
		for _, r := range found {
			assert.Len(t, r.Branches, branches, r.Name)
		}
		assert.Equal(t, requests, c.Requests().Total(), "%d branches", branches)
	}
	for i := range repositories {
		name := fmt.Sprintf("acme/app%02d", i)
		w.repository(t, name)
		for n := range 9 {
			_, err := w.Push(name, fmt.Sprintf("basekeeper/%02d", n+1), person, "x", sandbox.File{Path: "x", Content: fmt.Append(nil, n)})
			require.NoError(t, err)
		}
	}
	listed(10, 1)
	listed(11, 2)
}
