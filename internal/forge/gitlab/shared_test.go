package gitlab_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

func TestShared(t *testing.T) {
	w := newWorld(t)
	file := sandbox.File{Path: "Dockerfile", Content: []byte("FROM debian:12\n")}
	for i := range 101 { // more than a page
		require.NoError(t, w.CreateProject(fmt.Sprintf("acme/team/app%03d", i), sandbox.ProjectOptions{}, file))
	}
	require.NoError(t, w.CreateProject("other/tool", sandbox.ProjectOptions{SharedWith: []string{"acme"}}, file))
	require.NoError(t, w.CreateProject("other/deep/tool", sandbox.ProjectOptions{SharedWith: []string{"acme"}}, file))
	require.NoError(t, w.CreateProject("other/own", sandbox.ProjectOptions{}, file))
	_, err := w.Push("other/tool", "basekeeper/left", person, "left", file)
	require.NoError(t, err)
	c := w.client(t, nil)
	scope := forge.Scope{Organizations: []string{"acme"}, BranchPrefix: prefix}
	found, skipped, err := c.Repositories(t.Context(), scope)
	require.NoError(t, err)
	assert.Empty(t, skipped)
	assert.Len(t, found, 101)

	scope.Shared = true
	found, skipped, err = c.Repositories(t.Context(), scope)
	require.NoError(t, err)
	assert.Empty(t, skipped)
	require.Len(t, found, 103)
	assert.Equal(t, "other/deep/tool", found[101].Name)
	assert.Equal(t, "other/tool", found[102].Name)
	assert.False(t, found[102].Partial)
	assert.Len(t, found[102].Branches, 1)

	scope.Organizations = []string{"nobody"}
	_, skipped, err = c.Repositories(t.Context(), scope)
	require.NoError(t, err)
	require.NotEmpty(t, skipped)
	for _, s := range skipped {
		require.ErrorIs(t, s.Err, forge.ErrNotFound)
	}
}
