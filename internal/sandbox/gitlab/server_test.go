package gitlab_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// lab is a server with one group, a bot's token, and every request held against
// GitLab's description.
type lab struct {
	*gitlab.Server
	t       *testing.T
	handler http.Handler
	token   string // sent with every request; empty for none
}

func newLab(t *testing.T, options gitlab.Options) *lab {
	t.Helper()
	s := gitlab.New(options)
	s.AddGroup("acme/images")
	s.AddUser("ann")
	s.AddToken("secret", gitlab.Token{Login: "keeper"})
	return &lab{Server: s, t: t, handler: spectest.WrapGitLab(t, s.Handler()), token: "secret"}
}

// project makes a project with a Dockerfile.
func (l *lab) project(path string, options gitlab.ProjectOptions) {
	l.t.Helper()
	require.NoError(l.t, l.CreateProject(path, options, gitlab.File{Path: "Dockerfile", Content: []byte("FROM debian:12\n")}))
}

// answer is what came back.
type answer struct {
	Code   int
	Body   string
	Header http.Header
}

func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.Body), &v), a.Body)
	return v
}

func (a answer) list(t *testing.T) []map[string]any {
	t.Helper()
	var v []map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.Body), &v), a.Body)
	return v
}

// ask sends a request with an API path; body may be nil.
func (l *lab) ask(method, path string, body any) answer {
	l.t.Helper()
	return l.through(l.handler, method, "/api/v4"+path, body)
}

func (l *lab) through(h http.Handler, method, path string, body any) answer {
	l.t.Helper()
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		require.NoError(l.t, err)
		content = strings.NewReader(string(text))
	}
	r := httptest.NewRequest(method, "http://gitlab.example"+path, content)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if l.token != "" {
		r.Header.Set("PRIVATE-TOKEN", l.token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{Code: w.Code, Body: w.Body.String(), Header: w.Header()}
}

type object = map[string]any

func TestBumpOfOneProject(t *testing.T) {
	l := newLab(t, gitlab.Options{})
	l.project("acme/images/base", gitlab.ProjectOptions{})
	head, err := l.Branch("acme/images/base", "main")
	require.NoError(t, err)

	got := l.ask("POST", "/projects/acme%2Fimages%2Fbase/repository/commits", object{
		"branch": "basekeeper/debian", "start_sha": head, "commit_message": "bump",
		"actions": []object{{"action": "update", "file_path": "Dockerfile", "content": "RlJPTSBkZWJpYW46MTMK", "encoding": "base64", "last_commit_id": head}},
	})
	require.Equal(t, http.StatusCreated, got.Code, got.Body)
	assert.Equal(t, []any{head}, got.object(t)["parent_ids"])
	assert.Equal(t, l.Email("keeper"), got.object(t)["committer_email"])
	content, err := l.File("acme/images/base", "basekeeper/debian", "Dockerfile")
	require.NoError(t, err)
	assert.Equal(t, "FROM debian:13\n", string(content))

	got = l.ask("POST", "/projects/acme%2Fimages%2Fbase/merge_requests", object{
		"source_branch": "basekeeper/debian", "target_branch": "main", "title": "Draft: Bump", "description": "text\n/label ~no\nmore",
		"labels": []string{"base", "image"}, "remove_source_branch": true,
	})
	require.Equal(t, http.StatusCreated, got.Code, got.Body)
	assert.Equal(t, true, got.object(t)["draft"])
	assert.Equal(t, "text\nmore", got.object(t)["description"], "quick actions are executed, not kept")
	assert.Equal(t, []any{"base", "image", "no"}, got.object(t)["labels"])
	assert.Equal(t, "draft_status", got.object(t)["detailed_merge_status"])
	assert.Equal(t, 2, l.Writes())
	assert.Equal(t, 1, l.MergeRequests("acme/images/base")[0].IID)
}
