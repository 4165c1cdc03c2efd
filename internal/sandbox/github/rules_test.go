package github_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// TestWhoseCommitsAreSigned commits by REST's git data.
func TestWhoseCommitsAreSigned(t *testing.T) {
	person := map[string]any{"name": "Zoë", "email": "zoe@example.com", "date": "2026-02-01T10:00:00Z"}
	tests := map[string]struct {
		secret            string
		author, committer map[string]any
		signed            bool
		by                string
	}{
		"an App":                         {"app's", nil, nil, true, "keeper[bot]"},
		"a workflow":                     {"workflow's", nil, nil, true, "github-actions[bot]"},
		"an App in somebody else's name": {"app's", person, nil, false, "Zoë"},
		"an App by another committer":    {"app's", nil, person, false, "keeper[bot]"},
		"a person":                       {"ann's", nil, nil, false, "ann"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, github.RepositoryOptions{})
			tree := w.as("ann's").rest(http.MethodGet, "/repos/acme/app/git/commits/"+w.main, nil).text("tree", "sha")
			in := map[string]any{"message": "x", "tree": tree, "parents": []string{w.main}}
			if tt.author != nil {
				in["author"] = tt.author
			}
			if tt.committer != nil {
				in["committer"] = tt.committer
			}
			a := w.as(tt.secret).rest(http.MethodPost, "/repos/acme/app/git/commits", in)
			require.Equal(t, http.StatusCreated, a.Status, "%s", a.Body)
			assert.Equal(t, tt.signed, a.at("verification", "verified"))
			assert.Equal(t, tt.by, a.text("author", "name"))
			if tt.author != nil {
				assert.Equal(t, "2026-02-01T10:00:00Z", a.text("author", "date"))
			}
		})
	}
}

func TestMergeWaits(t *testing.T) {
	tests := map[string]struct {
		options github.RepositoryOptions
		want    string
	}{
		"for a review": {github.RepositoryOptions{RequireApproval: true}, "At least 1 approving review is required by reviewers with write access."},
		"for checks":   {github.RepositoryOptions{RequireChecks: true}, `Required status check "ci" is expected.`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.options)
			w.propose("topic", "Dockerfile", "FROM debian:13\n")
			a := w.as("ann's").rest(http.MethodPut, "/repos/acme/app/pulls/1/merge", map[string]any{"commit_title": "mine", "commit_message": "why"})
			assert.Equal(t, http.StatusMethodNotAllowed, a.Status)
			assert.Equal(t, tt.want, a.text("message"))
			require.NoError(t, w.Approve("acme/app", 1, "bob"))
			require.NoError(t, w.ChecksPassed("acme/app", 1))
			a = w.as("ann's").rest(http.MethodPut, "/repos/acme/app/pulls/1/merge", map[string]any{"commit_title": "mine", "commit_message": "why", "merge_method": "merge"})
			require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
			commit := w.as("ann's").rest(http.MethodGet, "/repos/acme/app/git/commits/"+a.text("sha"), nil)
			assert.Equal(t, "mine\n\nwhy", commit.text("message"))
			assert.Len(t, commit.at("parents"), 2)
		})
	}
	w := newWorld(t, github.RepositoryOptions{})
	w.propose("topic", "Dockerfile", "FROM debian:13\n")
	id := w.PullRequests("acme/app")[0].ID
	a := w.as("app's").graphql(`mutation($p: ID!) {
		convertPullRequestToDraft(input: {pullRequestId: $p}) { pullRequest { mergeStateStatus } }
		mergePullRequest(input: {pullRequestId: $p}) { pullRequest { state } }
	}`, map[string]any{"p": id})
	assert.Equal(t, "DRAFT", a.text("data", "convertPullRequestToDraft", "pullRequest", "mergeStateStatus"))
	assert.Equal(t, "Pull Request is still a draft", a.text("errors", 0, "message"))
}

// TestReadOnly: what is archived, disabled or locked cannot be written to.
func TestReadOnly(t *testing.T) {
	for name, change := range map[string]func(*github.RepositoryOptions){
		"Repository was archived so is read-only.": func(o *github.RepositoryOptions) { o.Archived = true },
		"Repository access blocked":                func(o *github.RepositoryOptions) { o.Disabled = true },
	} {
		w := newWorld(t, github.RepositoryOptions{})
		require.NoError(t, w.Configure("acme/app", change))
		a := w.as("app's").graphql(`mutation($r: ID!, $o: GitObjectID!) { createRef(input: {repositoryId: $r, name: "refs/heads/x", oid: $o}) { ref { id } } }`,
			map[string]any{"r": w.repo, "o": w.main})
		assert.Equal(t, name, a.text("errors", 0, "message"))
		a = w.as("app's").rest(http.MethodPost, "/repos/acme/app/git/blobs", map[string]any{"content": "x"})
		assert.Equal(t, http.StatusForbidden, a.Status)
		assert.Equal(t, name, a.text("message"))
	}
}

func TestLabels(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.propose("topic", "Dockerfile", "FROM debian:13\n")
	c := w.as("app's")
	assert.Equal(t, http.StatusCreated, c.rest(http.MethodPost, "/repos/acme/app/labels", map[string]any{"name": "a b", "color": "ff0000"}).Status)
	assert.Equal(t, http.StatusUnprocessableEntity, c.rest(http.MethodPost, "/repos/acme/app/labels", map[string]any{"name": "a b"}).Status)
	assert.Equal(t, http.StatusNotFound, c.rest(http.MethodGet, "/repos/acme/app/labels/none", nil).Status)
	assert.Equal(t, http.StatusOK, c.rest(http.MethodPut, "/repos/acme/app/issues/1/labels", map[string]any{"labels": []string{"x", "y"}}).Status)
	assert.Equal(t, http.StatusNotFound, c.rest(http.MethodDelete, "/repos/acme/app/issues/1/labels/none", nil).Status)
	a := c.graphql(`{ repository(owner: "acme", name: "app") { label(name: "none") { id } labels(first: 10) { nodes { __typename name color isDefault url description } }
		pullRequests(first: 5, labels: ["y"]) { __typename totalCount } none: pullRequests(first: 5, labels: ["z"]) { totalCount } } }`, nil)
	assert.Nil(t, a.at("data", "repository", "label"))
	assert.Len(t, a.at("data", "repository", "labels", "nodes"), 3)
	assert.InDelta(t, 1, a.at("data", "repository", "pullRequests", "totalCount"), 0)
	assert.InDelta(t, 0, a.at("data", "repository", "none", "totalCount"), 0)
}

// TestForeignPullByAPI opens pull requests from a fork, by both APIs.
func TestForeignPullByAPI(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	require.NoError(t, w.CreateRepository("eve/app", github.RepositoryOptions{Fork: true}, github.File{Path: "evil", Content: []byte("x")}))
	_, err := w.Push("eve/app", "other", "eve", "x", github.File{Path: "evil", Content: []byte("y")})
	require.NoError(t, err)
	a := w.as("ann's").rest(http.MethodPost, "/repos/acme/app/pulls", map[string]any{"head": "eve:main", "base": "main", "title": "t"})
	require.Equal(t, http.StatusCreated, a.Status, "%s", a.Body)
	assert.Equal(t, "eve:main", a.text("head", "label"))
	assert.Equal(t, http.StatusUnprocessableEntity, w.as("ann's").rest(http.MethodPost, "/repos/acme/app/pulls", map[string]any{"head": "none:main", "base": "main", "title": "t"}).Status)
	fork := w.as("ann's").graphql(`{ repository(owner: "eve", name: "app") { id } }`, nil).text("data", "repository", "id")
	a = w.as("ann's").graphql(`mutation($r: ID!, $f: ID!) { createPullRequest(input: {repositoryId: $r, headRepositoryId: $f, headRefName: "other", baseRefName: "main", title: "t"}) {
		pullRequest { isCrossRepository labels(first: 1) { __typename pageInfo { __typename startCursor } edges { __typename } } } } }`, map[string]any{"r": w.repo, "f": fork})
	assert.Equal(t, true, a.at("data", "createPullRequest", "pullRequest", "isCrossRepository"), "%s", a.Body)
	require.NoError(t, w.DeleteBranch("eve/app", "other", "eve"))
	assert.Equal(t, "CLOSED", w.PullRequests("acme/app")[1].State)
}

func TestSkipAndInclude(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	a := w.as("ann's").graphql(`query($y: Boolean!) { viewer { login @include(if: $y) id @skip(if: $y) ... on User @skip(if: true) { url } ...more @include(if: false) } } fragment more on User { email }`,
		map[string]any{"y": true})
	assert.Equal(t, map[string]any{"viewer": map[string]any{"login": "ann"}}, a.at("data"))
}
