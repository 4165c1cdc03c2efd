package github_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
)

const (
	prefix = "basekeeper/"
	branch = "basekeeper/debian"
)

var errCancelled = context.Canceled

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

// find lists one repository.
func find(t *testing.T, c *github.Client, name string) forge.Repository {
	t.Helper()
	found, skipped, err := c.Repositories(t.Context(), forge.Scope{Names: []string{name}, BranchPrefix: prefix})
	require.NoError(t, err)
	require.Empty(t, skipped)
	require.Len(t, found, 1)
	return found[0]
}

// proposal is one for the Dockerfile of a repository, as it is now.
func (w *world) proposal(t *testing.T, c *github.Client, name, content string) forge.Proposal {
	t.Helper()
	r := find(t, c, name)
	p := forge.Proposal{
		Repository: r, Base: "main", BaseID: r.Head, Branch: branch,
		Files:   []forge.NewFile{{Path: "Dockerfile", Mode: "100644", Content: []byte(content)}},
		Message: "build(deps): bump debian", Title: "Bump debian", Body: "Body.",
	}
	for _, b := range r.Branches {
		if b.Name == branch {
			p.BranchID, p.Pull = b.Head.ID, b.Pull
		}
	}
	return p
}
