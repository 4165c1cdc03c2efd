package github_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// TestRenames has files that got another name, one of two with the same
// content, and one that was changed besides.
func TestRenames(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	_, err := w.Push("acme/app", "main", "ann", "files", files("a", "same", "b", "same", "c", "other")...)
	require.NoError(t, err)
	_, err = w.Push("acme/app", "topic", "ann", "move", append(files("d/a", "same", "e", "another"),
		github.File{Path: "a", Delete: true}, github.File{Path: "b", Delete: true}, github.File{Path: "c", Delete: true})...)
	require.NoError(t, err)
	_, err = w.OpenPull("acme/app", "ann", "topic", "main", "Move", "")
	require.NoError(t, err)

	c := w.as("ann's")
	a := c.rest(http.MethodGet, "/repos/acme/app/pulls/1/files", nil)
	var got []string
	for i := range 4 {
		before, _ := a.at(i, "previous_filename").(string)
		got = append(got, fmt.Sprintf("%s %s %s", a.text(i, "status"), a.text(i, "filename"), before))
	}
	assert.Equal(t, []string{"removed b ", "removed c ", "renamed d/a a", "added e "}, got)
	assert.InDelta(t, 0, a.at(2, "changes"), 0)
	assert.InDelta(t, 4, c.rest(http.MethodGet, "/repos/acme/app/pulls/1", nil).at("changed_files"), 0)

	g := c.graphql(`{ repository(owner: "acme", name: "app") { pullRequest(number: 1) { changedFiles files(first: 10) { nodes { path changeType } } } } }`, nil)
	assert.Equal(t, map[string]any{"path": "d/a", "changeType": "RENAMED"}, g.at("data", "repository", "pullRequest", "files", "nodes", 2))
}

func TestFork(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	head, err := w.Branch("acme/app", "main")
	require.NoError(t, err)
	require.NoError(t, w.Fork("acme/app", "eve"))
	require.Error(t, w.Fork("acme/app", "eve"), "it is there already")
	require.Error(t, w.Fork("acme/nowhere", "eve"))
	theirs, err := w.Branch("eve/app", "main")
	require.NoError(t, err)
	assert.Equal(t, head, theirs)

	id, err := w.Push("eve/app", "topic", "eve", "x", files("Dockerfile", "FROM evil\n")...)
	require.NoError(t, err)
	_, err = w.OpenPull("acme/app", "eve", "eve:topic", "main", "x", "")
	require.NoError(t, err)
	pull := w.PullRequests("acme/app")[0]
	assert.Equal(t, []string{id}, pull.Commits, "what both have is not brought")
	assert.Equal(t, []string{"Dockerfile"}, pull.Files)
	content, err := w.File("acme/app", id, "Dockerfile")
	require.NoError(t, err)
	assert.Equal(t, "FROM evil\n", string(content))
	require.NoError(t, w.Merge("acme/app", 1, "bob"))
}

// files are files given as path, content, path, …
func files(pairs ...string) []github.File {
	var all []github.File
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, github.File{Path: pairs[i], Content: []byte(pairs[i+1])})
	}
	return all
}
