package github_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func TestStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := github.Start(ctx, github.Options{})
	require.NoError(t, err)
	require.NoError(t, s.CreateRepository("o/r", github.RepositoryOptions{}, github.File{Path: "a"}))
	status, body := get(t, s.URL()+"/repos/o/r")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, `"url":"`+s.URL()+`/repos/o/r"`)
	status, body = get(t, s.EnterpriseURL()+"/api/v3/repos/o/r")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, `"url":"`+s.URL()+`/api/v3/repos/o/r"`)
	status, body = get(t, s.URL()+"/nothing/here")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, body, "Not Found")
	require.NoError(t, s.Close())

	s, err = github.Start(ctx, github.Options{})
	require.NoError(t, err)
	cancel()
	assert.Eventually(t, func() bool {
		response, err := http.Get(s.URL())
		if err == nil {
			_ = response.Body.Close()
		}
		return err != nil
	}, 5e9, 1e7, "it ends with its context")
	require.NoError(t, s.Close())
	_, err = github.Start(ctx, github.Options{})
	require.ErrorIs(t, err, context.Canceled)
	assert.NoError(t, github.New(github.Options{}).Close(), "one that does not listen")
}

// TestTogether has several clients at once; the race detector watches.
func TestTogether(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.OnEvent(func(e github.Event) { _ = w.PullRequests(e.Repository) }) // the server may be used from a hook
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			branch := fmt.Sprintf("b%d", i%4) // two want the same
			c := w.as("app's")
			c.graphql(`mutation($r: ID!, $n: String!, $o: GitObjectID!) { createRef(input: {repositoryId: $r, name: $n, oid: $o}) { ref { id } } }`,
				map[string]any{"r": w.repo, "n": "refs/heads/" + branch, "o": w.main})
			_, _ = w.Push("acme/app", branch, "ann", "x", github.File{Path: branch, Content: []byte(branch)})
			c.rest(http.MethodPost, "/repos/acme/app/pulls", map[string]any{"head": branch, "base": "main", "title": "t"})
			c.rest(http.MethodGet, "/repos/acme/app/pulls?state=all", nil)
		})
	}
	wait.Wait()
	open := map[string]int{}
	for _, p := range w.PullRequests("acme/app") {
		open[p.Head]++
	}
	assert.Equal(t, map[string]int{"b0": 1, "b1": 1, "b2": 1, "b3": 1}, open, "no duplicate")
}

func TestRepositories(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	require.NoError(t, w.CreateRepository("acme/empty", github.RepositoryOptions{Empty: true}))
	require.NoError(t, w.CreateRepository("acme/archived", github.RepositoryOptions{Archived: true, Private: true}, github.File{Path: "a"}))
	require.NoError(t, w.CreateRepository("acme/fork", github.RepositoryOptions{Fork: true, Locked: true, Disabled: true, DefaultBranch: "trunk", Size: 77}, github.File{Path: "a"}))
	for name, want := range map[string]string{"acme": "owner/name", "a/b/c": "owner/name", "ACME/App": "there already"} {
		assert.ErrorContains(t, w.CreateRepository(name, github.RepositoryOptions{}), want)
	}
	list := func(filter string) []string {
		a := w.as("ann's").graphql(`{ organization(login: "ACME") { repositories(first: 10`+filter+`) { nodes { name } } } }`, nil)
		var names []string
		for _, n := range a.at("data", "organization", "repositories", "nodes").([]any) {
			names = append(names, n.(map[string]any)["name"].(string))
		}
		return names
	}
	assert.Equal(t, []string{"app", "empty", "archived", "fork"}, list(""))
	assert.Equal(t, []string{"app", "empty", "fork"}, list(", isArchived: false"))
	assert.Equal(t, []string{"fork"}, list(", isFork: true"))
	assert.Equal(t, []string{"archived"}, list(", visibility: PRIVATE"))
	assert.Equal(t, []string{"fork", "empty", "archived", "app"}, list(", orderBy: {field: NAME, direction: DESC}"))
	assert.Empty(t, list(", ownerAffiliations: [COLLABORATOR]"))

	a := w.as("ann's").graphql(`{ e: repository(owner: "acme", name: "empty") { isEmpty defaultBranchRef { name } object(expression: "HEAD") { oid } }
		f: repository(owner: "acme", name: "fork") { isFork isLocked isDisabled diskUsage defaultBranchRef { name } } }`, nil)
	assert.Equal(t, map[string]any{"isEmpty": true, "defaultBranchRef": nil, "object": nil}, a.at("data", "e"))
	assert.Equal(t, map[string]any{"isFork": true, "isLocked": true, "isDisabled": true, "diskUsage": 77.0, "defaultBranchRef": map[string]any{"name": "trunk"}}, a.at("data", "f"))
	assert.Equal(t, http.StatusNotFound, w.as("ann's").rest(http.MethodGet, "/repos/acme/empty/git/trees/main", nil).Status)

	w.AddToken("narrow", github.Token{Login: "ann", Repositories: []string{"acme/archived"}})
	a = w.as("narrow").graphql(`{ viewer { own: repositories(first: 10) { totalCount }
		all: repositories(first: 10, affiliations: [OWNER, ORGANIZATION_MEMBER], ownerAffiliations: [OWNER, ORGANIZATION_MEMBER]) { totalCount } } }`, nil)
	assert.Equal(t, map[string]any{"own": map[string]any{"totalCount": 0.0}, "all": map[string]any{"totalCount": 1.0}}, a.at("data", "viewer"))

	require.NoError(t, w.Configure("acme/archived", func(o *github.RepositoryOptions) { o.Archived = false }))
	assert.Contains(t, list(", isArchived: false"), "archived")
	require.ErrorIs(t, w.Configure("acme/none", func(*github.RepositoryOptions) {}), git.ErrNotFound)
}

func TestPages(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	for i := range 6 {
		require.NoError(t, w.CreateRepository(fmt.Sprintf("acme/r%d", i), github.RepositoryOptions{}, github.File{Path: "a"}))
	}
	var names []string
	var cursor any
	for range 10 {
		a := w.as("ann's").graphql(`query($c: String) { organization(login: "acme") { repositories(first: 3, after: $c) { nodes { name } pageInfo { hasNextPage endCursor } } } }`, map[string]any{"c": cursor})
		for _, n := range a.at("data", "organization", "repositories", "nodes").([]any) {
			names = append(names, n.(map[string]any)["name"].(string))
		}
		if a.at("data", "organization", "repositories", "pageInfo", "hasNextPage") != true {
			break
		}
		cursor = a.text("data", "organization", "repositories", "pageInfo", "endCursor")
	}
	assert.Equal(t, "app r0 r1 r2 r3 r4 r5", strings.Join(names, " "))
	last := w.as("ann's").graphql(`{ organization(login: "acme") { repositories(last: 2) { nodes { name } pageInfo { hasPreviousPage } } } }`, nil)
	assert.Equal(t, "r4", last.text("data", "organization", "repositories", "nodes", 0, "name"))

	link := w.as("ann's").rest(http.MethodGet, "/orgs/acme/repos?per_page=3&page=2", nil).Header.Get("Link")
	assert.Equal(t, `<http://api.sandbox/orgs/acme/repos?page=1&per_page=3>; rel="prev", <http://api.sandbox/orgs/acme/repos?page=1&per_page=3>; rel="first", `+
		`<http://api.sandbox/orgs/acme/repos?page=3&per_page=3>; rel="next", <http://api.sandbox/orgs/acme/repos?page=3&per_page=3>; rel="last"`, link)
}

func TestTrees(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{TreeLimit: 3})
	a := w.as("ann's").rest(http.MethodGet, "/repos/acme/app/git/trees/main?recursive=1", nil)
	assert.Equal(t, true, a.at("truncated"))
	assert.Len(t, a.at("tree"), 3)
	a = w.as("ann's").rest(http.MethodGet, "/repos/acme/app/git/trees/main", nil)
	assert.Equal(t, false, a.at("truncated"))

	_, err := w.Push("acme/app", "main", "ann", "odd ones",
		github.File{Path: "link", Mode: git.ModeSymlink, Content: []byte("Dockerfile")},
		github.File{Path: "sub", Mode: git.ModeSubmodule, Content: []byte(w.main)},
		github.File{Path: "binary", Content: []byte{0, 1, 2}},
		github.File{Path: "latin", Content: []byte("caf\xe9\n")},
		github.File{Path: "long", Content: []byte(strings.Repeat("ü", 400_000))})
	require.NoError(t, err)
	a = w.as("ann's").graphql(`{ repository(owner: "acme", name: "app") {
		tree: object(expression: "main:") { ... on Tree { entries { name mode type object { __typename } } } }
		binary: object(expression: "main:binary") { ... on Blob { text isBinary isTruncated byteSize } }
		latin: object(expression: "main:latin") { ... on Blob { text isBinary } }
		long: object(expression: "main:long") { ... on Blob { text isTruncated byteSize } }
	} }`, nil)
	types := map[string]any{}
	for i := range a.at("data", "repository", "tree", "entries").([]any) {
		types[a.text("data", "repository", "tree", "entries", i, "name")] = a.at("data", "repository", "tree", "entries", i, "type")
	}
	assert.Equal(t, "commit", types["sub"])
	assert.Equal(t, "blob", types["link"])
	assert.Equal(t, map[string]any{"text": nil, "isBinary": true, "isTruncated": false, "byteSize": 3.0}, a.at("data", "repository", "binary"))
	assert.Equal(t, map[string]any{"text": "caf\uFFFD\n", "isBinary": false}, a.at("data", "repository", "latin"))
	assert.Equal(t, true, a.at("data", "repository", "long", "isTruncated"))
	for _, path := range []string{"link", "sub", "binary"} {
		assert.Equal(t, http.StatusOK, w.as("ann's").rest(http.MethodGet, "/repos/acme/app/contents/"+path, nil).Status, path)
	}
}

// TestUnknownField: what the sandbox does not have is refused whole, as GitHub
// refuses what it does not have. spectest would find it first.
func TestUnknownField(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	c := client{t: t, handler: w.Handler(), secret: "ann's"}
	a := c.graphql(`{ viewer { login } repository(owner: "acme", name: "app") { colour } }`, nil)
	assert.Equal(t, "Field 'colour' doesn't exist on type 'Repository'", a.text("errors", 0, "message"))
	assert.Nil(t, a.at("data"))
	for body, want := range map[string]string{`{"query":"{"}`: "parse query", `{`: "problems parsing JSON", `{"query":"query a{viewer{login}}","operationName":"b"}`: "no operation named"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x/graphql", strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", "token ann's")
		assert.Contains(t, serve(w.Handler(), r), want)
	}
}

func TestPagesBeyondTheLast(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	for _, page := range []string{"2", "0", "9223372036854775807", "x"} {
		r := httptest.NewRequest(http.MethodGet, "/orgs/acme/repos?per_page=100&page="+page, nil)
		assert.Contains(t, serve(w.Handler(), r), "[", page)
	}
}
