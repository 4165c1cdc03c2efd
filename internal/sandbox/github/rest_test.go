package github_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// TestRESTAnswers asks every route that reads, so that each answer is held
// against GitHub's description, at both kinds of addresses.
func TestRESTAnswers(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{Language: "Go", Topics: []string{"docker"}, Description: "an app"})
	w.propose("topic", "Dockerfile", "FROM debian:12@sha256:bbbb")
	require.NoError(t, w.Label("acme/app", 1, "base image"))
	require.NoError(t, w.Comment("acme/app", 1, "ann", "hello"))
	tree := w.as("ann's").rest(http.MethodGet, "/repos/acme/app/git/trees/main?recursive=1", nil)
	blob := tree.text("tree", 3, "sha")
	merged := w.propose("other", "README.md", "x")
	require.NoError(t, w.Merge("acme/app", merged, "ann"))

	for _, path := range []string{
		"/rate_limit", "/user", "/users/ann", "/users/keeper%5Bbot%5D", "/users/ann/repos", "/orgs/acme/repos",
		"/repos/acme/app", "/repos/acme/app/git/trees/main", "/repos/acme/app/git/trees/main?recursive=1",
		"/repos/acme/app/git/blobs/" + blob, "/repos/acme/app/git/commits/" + w.main,
		"/repos/acme/app/git/ref/heads/topic", "/repos/acme/app/git/matching-refs/heads/", "/repos/acme/app/git/matching-refs/heads/none",
		"/repos/acme/app/contents/Dockerfile", "/repos/acme/app/contents/tools/build.sh?ref=topic", "/repos/acme/app/contents/tools",
		"/repos/acme/app/commits/main", "/repos/acme/app/commits/topic/pulls", "/repos/acme/app/compare/main...topic",
		"/repos/acme/app/pulls", "/repos/acme/app/pulls?state=all&head=acme:topic&base=main&sort=updated&direction=asc",
		"/repos/acme/app/pulls/1", "/repos/acme/app/pulls/2", "/repos/acme/app/pulls/1/commits", "/repos/acme/app/pulls/1/files",
		"/repos/acme/app/pulls/1/requested_reviewers", "/repos/acme/app/issues/1", "/repos/acme/app/issues/1/labels",
		"/repos/acme/app/issues/1/comments", "/repos/acme/app/labels", "/repos/acme/app/labels/base%20image",
	} {
		for _, prefix := range []string{"", "/api/v3"} {
			c := w.as("ann's")
			c.prefix = prefix
			a := c.rest(http.MethodGet, path, nil)
			assert.Equal(t, http.StatusOK, a.Status, "%s%s: %s", prefix, path, a.Body)
			assert.NotEmpty(t, a.Header.Get("X-RateLimit-Limit")+path[:5], path)
		}
	}
	assert.Equal(t, http.StatusNoContent, w.as("ann's").rest(http.MethodGet, "/repos/acme/app/pulls/2/merge", nil).Status)
	assert.Equal(t, http.StatusNotFound, w.as("ann's").rest(http.MethodGet, "/repos/acme/app/pulls/1/merge", nil).Status)
}

func TestRESTChangesByGitData(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	c := w.as("app's")
	blob := c.rest(http.MethodPost, "/repos/acme/app/git/blobs", map[string]any{"content": "RlJPTSB4Cg==", "encoding": "base64"})
	require.Equal(t, http.StatusCreated, blob.Status, "%s", blob.Body)
	tree := c.rest(http.MethodPost, "/repos/acme/app/git/trees", map[string]any{"base_tree": w.main, "tree": []any{
		map[string]any{"path": "Dockerfile", "mode": "100644", "type": "blob", "sha": blob.text("sha")},
		map[string]any{"path": "tools/build.sh", "mode": "100755", "type": "blob", "content": "#!/bin/sh\necho\n"},
	}})
	require.Equal(t, http.StatusCreated, tree.Status, "%s", tree.Body)
	commit := c.rest(http.MethodPost, "/repos/acme/app/git/commits", map[string]any{"message": "bump", "tree": tree.text("sha"), "parents": []string{w.main}})
	require.Equal(t, http.StatusCreated, commit.Status, "%s", commit.Body)
	assert.Equal(t, true, commit.at("verification", "verified"))
	assert.Equal(t, "keeper[bot]", commit.text("author", "name"))
	assert.Equal(t, "noreply@github.com", commit.text("committer", "email"))
	ref := c.rest(http.MethodPost, "/repos/acme/app/git/refs", map[string]any{"ref": "refs/heads/keeper/x", "sha": commit.text("sha")})
	require.Equal(t, http.StatusCreated, ref.Status, "%s", ref.Body)

	content, err := w.File("acme/app", "keeper/x", "Dockerfile")
	require.NoError(t, err)
	assert.Equal(t, "FROM x\n", string(content))

	pull := c.rest(http.MethodPost, "/repos/acme/app/pulls", map[string]any{"head": "keeper/x", "base": "main", "title": "Bump", "body": "why"})
	require.Equal(t, http.StatusCreated, pull.Status, "%s", pull.Body)
	assert.Equal(t, "clean", pull.text("mergeable_state"))
	patched := c.rest(http.MethodPatch, "/repos/acme/app/pulls/1", map[string]any{"title": "Bump it", "state": "closed"})
	assert.Equal(t, "closed", patched.text("state"))
	patched = c.rest(http.MethodPatch, "/repos/acme/app/pulls/1", map[string]any{"state": "open"})
	assert.Equal(t, "open", patched.text("state"))
	labels := c.rest(http.MethodPost, "/repos/acme/app/issues/1/labels", map[string]any{"labels": []string{"docker", "a/b"}})
	assert.Equal(t, "docker", labels.text(0, "name"))
	assert.Equal(t, http.StatusOK, c.rest(http.MethodDelete, "/repos/acme/app/issues/1/labels/a%2Fb", nil).Status)
	assert.Equal(t, http.StatusCreated, c.rest(http.MethodPost, "/repos/acme/app/issues/1/comments", map[string]any{"body": "hi"}).Status)
	assert.Equal(t, http.StatusCreated, c.rest(http.MethodPost, "/repos/acme/app/issues/1/assignees", map[string]any{"assignees": []string{"ann"}}).Status)
	assert.Equal(t, http.StatusOK, c.rest(http.MethodPatch, "/repos/acme/app/issues/1", map[string]any{"labels": []string{"x"}, "assignees": []string{"ann"}}).Status)
	assert.Equal(t, http.StatusCreated, c.rest(http.MethodPost, "/repos/acme/app/pulls/1/requested_reviewers", map[string]any{"reviewers": []string{"ann"}, "team_reviewers": []string{"ops"}}).Status)
	got := w.PullRequests("acme/app")[0]
	assert.Equal(t, []string{"ann", "acme/ops"}, got.Reviewers)
	assert.Equal(t, []string{"x"}, got.Labels)
	assert.Equal(t, []string{"ann"}, got.Assignees)
	assert.Equal(t, http.StatusOK, c.rest(http.MethodGet, "/repos/acme/app/pulls/1/requested_reviewers", nil).Status)
	gone := c.rest(http.MethodDelete, "/repos/acme/app/pulls/1/requested_reviewers", map[string]any{"reviewers": []string{"ann"}, "team_reviewers": []string{"ops"}})
	assert.Equal(t, http.StatusOK, gone.Status)
	merge := c.rest(http.MethodPut, "/repos/acme/app/pulls/1/merge", map[string]any{"merge_method": "squash", "sha": commit.text("sha")})
	assert.Equal(t, http.StatusOK, merge.Status, "%s", merge.Body)
	assert.Equal(t, "MERGED", w.PullRequests("acme/app")[0].State)
	assert.Equal(t, http.StatusNoContent, c.rest(http.MethodDelete, "/repos/acme/app/git/refs/heads/keeper/x", nil).Status)
	assert.Equal(t, http.StatusNoContent, c.rest(http.MethodPost, "/repos/acme/app/dispatches", map[string]any{"event_type": "basekeeper-base-published", "client_payload": map[string]any{"image": "debian"}}).Status)
	require.Len(t, w.Dispatches("acme/app"), 1)
	assert.JSONEq(t, `{"image":"debian"}`, string(w.Dispatches("acme/app")[0].Client))
}

func TestRESTRaw(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	c := w.as("ann's")
	sha := c.rest(http.MethodGet, "/repos/acme/app/contents/Dockerfile", nil).text("sha")
	encoded, err := base64.StdEncoding.DecodeString(c.rest(http.MethodGet, "/repos/acme/app/git/blobs/"+sha, nil).text("content"))
	require.NoError(t, err)
	assert.Equal(t, dockerfile, string(encoded))
	c.accept = "application/vnd.github.raw+json"
	assert.Equal(t, dockerfile, string(c.rest(http.MethodGet, "/repos/acme/app/git/blobs/"+sha, nil).Body))
	assert.Equal(t, dockerfile, string(c.rest(http.MethodGet, "/repos/acme/app/contents/Dockerfile", nil).Body))
}
