package github_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/github"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// clock is a clock that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// client talks to a sandbox as one token, and has GitHub's descriptions watch.
type client struct {
	t       *testing.T
	handler http.Handler
	secret  string
	prefix  string // /api/v3 for an Enterprise Server
	accept  string
	match   string // for If-None-Match
}

// answer is what came back.
type answer struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   []byte
}

func (c client) rest(method, path string, body any) answer {
	c.t.Helper()
	var raw []byte
	if body != nil {
		var err error
		raw, err = json.Marshal(body)
		require.NoError(c.t, err)
	}
	r := httptest.NewRequest(method, "http://api.sandbox"+c.prefix+path, bytes.NewReader(raw))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.secret != "" {
		r.Header.Set("Authorization", "Bearer "+c.secret)
	}
	if c.match != "" {
		r.Header.Set("If-None-Match", c.match)
	}
	if c.accept != "" {
		r.Header.Set("Accept", c.accept)
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return answer{t: c.t, Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}
}

func (c client) graphql(query string, variables map[string]any) answer {
	c.t.Helper()
	if c.prefix != "" {
		c.prefix = "/api"
	}
	return c.rest(http.MethodPost, "/graphql", map[string]any{"query": query, "variables": variables})
}

// at returns what is under the keys and indexes of the answer.
func (a answer) at(keys ...any) any {
	a.t.Helper()
	var value any
	require.NoError(a.t, json.Unmarshal(a.Body, &value), "%s", a.Body)
	for _, key := range keys {
		switch k := key.(type) {
		case string:
			m, ok := value.(map[string]any)
			require.True(a.t, ok, "no object at %v: %s", key, a.Body)
			value = m[k]
		case int:
			list, ok := value.([]any)
			require.True(a.t, ok && len(list) > k, "no list with %v: %s", key, a.Body)
			value = list[k]
		}
	}
	return value
}

func (a answer) text(keys ...any) string {
	a.t.Helper()
	s, ok := a.at(keys...).(string)
	require.True(a.t, ok, "no text at %v: %s", keys, a.Body)
	return s
}

// world is a sandbox with an organisation, a repository in it, and clients.
type world struct {
	*github.Server
	t     *testing.T
	clock *clock
	repo  string // node id of acme/app
	main  string // commit at its main
}

const dockerfile = "FROM debian:12@sha256:aaaa\r\nRUN true"

func newWorld(t *testing.T, options github.RepositoryOptions) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	w.Server = github.New(github.Options{Now: w.clock.Now})
	w.AddOrganization("acme")
	w.AddUser("ann")
	w.AddToken("ann's", github.Token{Login: "ann", Kind: github.UserToken})
	w.AddToken("app's", github.Token{Login: "keeper[bot]", Kind: github.InstallationToken, Permissions: map[string]string{
		"contents": "write", "pull_requests": "write", "issues": "write",
	}})
	w.AddToken("reader's", github.Token{Login: "reader[bot]", Kind: github.InstallationToken, Permissions: map[string]string{
		"contents": "read", "pull_requests": "read",
	}})
	w.AddToken("workflow's", github.Token{Kind: github.ActionsToken, Repositories: []string{"acme/app"}})
	require.NoError(t, w.CreateRepository("acme/app", options,
		github.File{Path: "Dockerfile", Content: []byte(dockerfile)},
		github.File{Path: "tools/build.sh", Mode: "100755", Content: []byte("#!/bin/sh\n")},
		github.File{Path: ".github/workflows/ci.yml", Content: []byte("on: push\n")},
	))
	a := w.as("ann's").graphql(`{repository(owner:"acme",name:"app"){id defaultBranchRef{target{oid}}}}`, nil)
	w.repo = a.text("data", "repository", "id")
	w.main = a.text("data", "repository", "defaultBranchRef", "target", "oid")
	return w
}

func (w *world) as(secret string) client {
	return client{t: w.t, handler: spectest.Wrap(w.t, w.Handler()), secret: secret}
}

// propose pushes a branch and opens a pull request for it, as an App does.
func (w *world) propose(branch, path, content string) int {
	w.t.Helper()
	_, err := w.Push("acme/app", branch, "ann", "change "+path, github.File{Path: path, Content: []byte(content)})
	require.NoError(w.t, err)
	n, err := w.OpenPull("acme/app", "ann", branch, "main", "Change "+path, "body")
	require.NoError(w.t, err)
	return n
}

// serve answers a request without anybody watching.
func serve(h http.Handler, r *http.Request) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Body.String()
}
