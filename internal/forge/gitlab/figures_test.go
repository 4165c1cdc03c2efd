package gitlab_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/forgetest"
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// TestFigures holds the client to what it may ask of GitLab: a thousand
// projects without a change, and read for the first time.
func TestFigures(t *testing.T) {
	const projects, perProject = 1000, 3
	w := &world{clock: forgetest.NewClock()}
	w.Server = sandbox.New(sandbox.Options{Now: w.clock.Now})
	w.handler = w.Handler()
	w.AddToken(token, sandbox.Token{Kind: sandbox.PersonalToken, Login: "basekeeper"})
	for i := range projects {
		require.NoError(t, w.CreateProject(fmt.Sprintf("acme/team%d/app%04d", i%7, i), sandbox.ProjectOptions{},
			sandbox.File{Path: "Dockerfile", Content: fmt.Appendf(nil, "FROM debian:12\nRUN echo %d\n", i)},
			sandbox.File{Path: "src/main.go", Content: []byte("package main\n")}, sandbox.File{Path: "README.md", Content: []byte("# app\n")}))
	}
	c := w.client(t, func(o *gitlab.Options) { o.Concurrency = 1 })
	found, skipped, err := c.Repositories(t.Context(), forge.Scope{Organizations: []string{group}, BranchPrefix: prefix})
	require.NoError(t, err)
	require.Empty(t, skipped)
	require.Len(t, found, projects)
	_, err = c.Account(t.Context())
	require.NoError(t, err)
	assert.LessOrEqual(t, c.Requests().Total(), 12, "nothing changed: the listing and the account")
	assert.Equal(t, 10, c.Requests().Total())

	at := make([]forge.Commitish, len(found))
	for i, r := range found {
		at[i] = forge.Commitish{Repository: r, Commit: r.Head}
	}
	var wanted []forge.Wanted
	for i, tree := range c.Trees(t.Context(), at) {
		require.NoError(t, tree.Err)
		require.Len(t, tree.Entries, perProject)
		wanted = append(wanted, forge.Wanted{Repository: found[i], Commit: found[i].Head, Path: "Dockerfile", Blob: tree.Entries[0].Blob})
	}
	got, err := c.Files(t.Context(), wanted)
	require.NoError(t, err)
	for _, f := range got {
		require.NoError(t, f.Err)
		require.Contains(t, string(f.Content), "RUN echo")
	}
	total := c.Requests().Total()
	t.Logf("cold: %d requests", total)
	assert.LessOrEqual(t, total, projects/5+projects*perProject/100+12)
	assert.LessOrEqual(t, total, 10+100+60)
	assert.Zero(t, c.Requests().Writes)
	assert.Zero(t, c.Requests().Retried)
}

// TestWritesOfABump counts them: three with automerge, two without.
func TestWritesOfABump(t *testing.T) {
	w := newWorld(t)
	w.project(t, "acme/app", nil)
	c := w.client(t, nil)
	p := proposal(t, c, "acme/app", "FROM debian:13\n")
	p.Labels, p.Reviewers, p.Assignees, p.AutoMerge = []string{"base"}, []string{person}, []string{person}, "squash"
	done, err := c.Propose(t.Context(), p)
	require.NoError(t, err)
	assert.Empty(t, done.Warnings)
	assert.Equal(t, 3, c.Requests().Writes)
	assert.True(t, done.Pull.AutoMerge)
	m := w.MergeRequests("acme/app")[0]
	assert.Equal(t, []string{person}, m.Reviewers)
	assert.Equal(t, []string{person}, m.Assignees)
	assert.Equal(t, []string{"base"}, m.Labels)
	assert.True(t, m.AutoMerge && m.Squash && m.RemoveSource)
	reads := c.Requests().Reads

	p = proposal(t, c, "acme/app", "FROM debian:14\n")
	p.Reviewers, p.Assignees = []string{person}, []string{person}
	_, err = c.Propose(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, 5, c.Requests().Writes)
	assert.LessOrEqual(t, c.Requests().Reads-reads, 4, "the listing, its branches, their merge requests, the head before")
}
