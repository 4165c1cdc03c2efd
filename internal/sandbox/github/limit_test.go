package github_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

func TestPrimaryLimit(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	c := w.as("app's")
	a := c.rest(http.MethodGet, "/repos/acme/app", nil)
	assert.Equal(t, []string{"5000", "4999", "1", "core"}, limitHeaders(a))
	assert.Equal(t, []string{"1000", "999", "1", "core"}, limitHeaders(w.as("workflow's").rest(http.MethodGet, "/repos/acme/app", nil)))
	assert.Equal(t, []string{"60", "59", "1", "core"}, limitHeaders(w.as("").rest(http.MethodGet, "/repos/acme/app", nil)))
	assert.Equal(t, []string{"5000", "4999", "1", "graphql"}, limitHeaders(c.graphql(`{ viewer { login } }`, nil)))

	w.SetRemaining("app's", "core", 1)
	w.SetRemaining("app's", "graphql", 0)
	w.SetRemaining("unknown", "graphql", 0)
	assert.Equal(t, http.StatusOK, c.rest(http.MethodGet, "/repos/acme/app", nil).Status)
	a = c.rest(http.MethodGet, "/repos/acme/app", nil)
	assert.Equal(t, http.StatusForbidden, a.Status)
	assert.Contains(t, a.text("message"), "API rate limit exceeded for installation ID")
	assert.Equal(t, []string{"5000", "0", "5000", "core"}, limitHeaders(a))
	assert.Equal(t, fmt.Sprint(w.clock.now.Add(time.Hour).Unix()), a.Header.Get("X-RateLimit-Reset"))
	a = c.graphql(`{ viewer { login } }`, nil)
	assert.Equal(t, http.StatusOK, a.Status)
	assert.Equal(t, "RATE_LIMITED", a.text("errors", 0, "type"))
	assert.InDelta(t, 0, c.rest(http.MethodGet, "/rate_limit", nil).at("resources", "core", "remaining"), 0, "asking costs nothing")

	w.clock.now = w.clock.now.Add(time.Hour)
	assert.Equal(t, http.StatusOK, c.rest(http.MethodGet, "/repos/acme/app", nil).Status)
}

func limitHeaders(a answer) []string {
	return []string{a.Header.Get("X-RateLimit-Limit"), a.Header.Get("X-RateLimit-Remaining"), a.Header.Get("X-RateLimit-Used"), a.Header.Get("X-RateLimit-Resource")}
}

func TestSecondaryLimit(t *testing.T) {
	ref := func(w *world, branch string) string {
		return `mutation { createRef(input: {repositoryId: "` + w.repo + `", name: "refs/heads/` + branch + `", oid: "` + w.main + `"}) { ref { id } } }`
	}
	for _, status := range []int{http.StatusForbidden, http.StatusTooManyRequests} {
		w := newWorld(t, github.RepositoryOptions{})
		c := w.as("app's")
		w.RefuseContent(2, github.Refusal{Status: status, RetryAfter: 1500 * time.Millisecond})
		assert.Equal(t, http.StatusOK, c.rest(http.MethodGet, "/repos/acme/app", nil).Status, "reading goes on")
		assert.Equal(t, http.StatusOK, c.graphql(`{ viewer { login } }`, nil).Status)
		a := c.rest(http.MethodPost, "/repos/acme/app/git/refs", map[string]any{"ref": "refs/heads/a", "sha": w.main})
		assert.Equal(t, status, a.Status)
		assert.Equal(t, "2", a.Header.Get("Retry-After"))
		assert.Contains(t, a.text("message"), "secondary rate limit")
		a = c.graphql(ref(w, "a"), nil)
		assert.Equal(t, status, a.Status)
		assert.Contains(t, a.text("message"), "secondary rate limit")
		a = c.graphql(ref(w, "a"), nil)
		assert.Nil(t, a.at("errors"))
		branches, err := w.Branches("acme/app", "")
		require.NoError(t, err)
		assert.Equal(t, []string{"a", "main"}, branches, "a refused request changes nothing")
	}
}

func TestSubmittedTooQuickly(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	require.NoError(t, w.ForcePush("acme/app", "topic", "ann", w.main))
	_, err := w.Push("acme/app", "topic", "ann", "x", github.File{Path: "x"})
	require.NoError(t, err)
	w.RefuseContent(1, github.Refusal{TooQuickly: true})
	const create = `mutation($i: CreatePullRequestInput!) { createPullRequest(input: $i) { pullRequest { number } } }`
	input := map[string]any{"i": map[string]any{"repositoryId": w.repo, "headRefName": "topic", "baseRefName": "main", "title": "t"}}
	a := w.as("app's").graphql(create, input)
	assert.Equal(t, "was submitted too quickly", a.text("errors", 0, "message"))
	assert.Equal(t, "UNPROCESSABLE", a.text("errors", 0, "type"))
	assert.Nil(t, w.as("app's").graphql(create, input).at("errors"))
}

func TestQuerySize(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	deep := func(first int) string {
		return fmt.Sprintf(`{ organization(login: "acme") { repositories(first: %d) { nodes { refs(refPrefix: "refs/heads/", first: 100) { nodes { associatedPullRequests(first: 50) { totalCount } } } } } } }`, first)
	}
	tests := map[string]struct{ query, kind, want string }{
		"within":              {deep(98), "", ""},
		"too many nodes":      {deep(100), "MAX_NODE_LIMIT_EXCEEDED", "This query requests up to 510,100 possible nodes which exceeds the maximum limit of 500,000."},
		"a page too long":     {`{ organization(login: "acme") { repositories(first: 101) { totalCount } } }`, "EXCESSIVE_PAGINATION", "Requesting 101 records on the `repositories` connection exceeds the `first` limit of 100 records."},
		"a page without end":  {`{ organization(login: "acme") { repositories { totalCount } } }`, "MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to properly paginate the `repositories` connection."},
		"too many ids":        {`{ nodes(ids: [` + strings.Repeat(`"x",`, 101) + `]) { id } }`, "ARGUMENT_LIMIT", "You may not provide more than 100 node ids; you provided 101."},
		"a fragment in depth": {`{ organization(login: "acme") { ...f } } fragment f on Organization { repositories(last: 200) { totalCount } }`, "EXCESSIVE_PAGINATION", "`last` limit of 100"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := w.as("ann's").graphql(tt.query, nil)
			if tt.want == "" {
				assert.Nil(t, a.at("errors"))
				return
			}
			assert.Equal(t, tt.kind, a.text("errors", 0, "type"))
			assert.Contains(t, a.text("errors", 0, "message"), tt.want)
			assert.Nil(t, a.at("data"))
		})
	}
	a := w.as("ann's").graphql(`{ rateLimit { cost nodeCount } organization(login: "acme") { repositories(first: 100) { nodes { refs(refPrefix: "refs/heads/", first: 20) { totalCount } labels(first: 5) { totalCount } } } } }`, nil)
	assert.Equal(t, map[string]any{"cost": 2.0, "nodeCount": 2600.0}, a.at("data", "rateLimit"))
}

func TestConditionalRequests(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	c := w.as("ann's")
	first := c.rest(http.MethodGet, "/repos/acme/app/git/trees/main", nil)
	require.NotEmpty(t, first.Header.Get("ETag"))
	c.match = first.Header.Get("ETag")
	again := c.rest(http.MethodGet, "/repos/acme/app/git/trees/main", nil)
	assert.Equal(t, http.StatusNotModified, again.Status)
	assert.Empty(t, again.Body)
	assert.Equal(t, first.Header.Get("X-RateLimit-Remaining"), again.Header.Get("X-RateLimit-Remaining"), "it does not count")
	_, err := w.Push("acme/app", "main", "ann", "x", github.File{Path: "x"})
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, c.rest(http.MethodGet, "/repos/acme/app/git/trees/main", nil).Status)
}
