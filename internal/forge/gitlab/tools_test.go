package gitlab_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// reply is an answer that a test makes up, or an error in its place.
type reply struct {
	status int
	body   string
	header http.Header
	err    error
}

func status(code int, body string, headers ...string) reply {
	r := reply{status: code, body: body, header: http.Header{}}
	for i := 0; i < len(headers); i += 2 {
		r.header.Set(headers[i], headers[i+1])
	}
	return r
}

var reset = reply{err: syscall.ECONNRESET}

// request is a request as a test sees it; pass has the world answer it.
type request struct {
	*http.Request
	body string
	pass func() reply
}

// spoil answers requests in the world's place; nil leaves them to it.
type spoil func(r request) *reply

// times spoils the first n requests.
func times(n int, with reply) spoil {
	return func(request) *reply {
		if n--; n < 0 {
			return nil
		}
		return &with
	}
}

// spoiled is a transport that a test can interfere with.
type spoiled struct {
	inner http.RoundTripper
	spoil spoil
	mu    sync.Mutex
	seen  []string
}

func (s *spoiled) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, req.Method+" "+req.URL.RequestURI())
	r := request{Request: req}
	if req.Body != nil {
		content, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		r.body = string(content)
	}
	r.pass = func() reply {
		again := req.Clone(req.Context())
		again.Body = io.NopCloser(strings.NewReader(r.body))
		resp, err := s.inner.RoundTrip(again)
		if err != nil {
			return reply{err: err}
		}
		defer resp.Body.Close()
		content, err := io.ReadAll(resp.Body)
		return reply{status: resp.StatusCode, body: string(content), header: resp.Header, err: err}
	}
	answer := s.spoil(r)
	if answer == nil {
		passed := r.pass()
		answer = &passed
	}
	if answer.err != nil {
		return nil, answer.err
	}
	header := answer.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: answer.status, Header: header, Body: io.NopCloser(strings.NewReader(answer.body)), Request: req}, nil
}

// spoiled returns a client whose requests a test can interfere with, one at a
// time.
func (w *world) spoiled(t *testing.T, s spoil, change func(*gitlab.Options)) (*gitlab.Client, *spoiled) {
	t.Helper()
	var p *spoiled
	c := w.client(t, func(o *gitlab.Options) {
		p = &spoiled{inner: o.Transport, spoil: s}
		o.Transport, o.Concurrency = p, 1
		if change != nil {
			change(o)
		}
	})
	return c, p
}

// without is a GitLab without GraphQL.
func without(code int) spoil {
	return func(r request) *reply {
		if strings.HasSuffix(r.URL.Path, "/api/graphql") {
			answer := status(code, `{"message":"No."}`)
			return &answer
		}
		return nil
	}
}

const dockerfile = "FROM debian:12\n"

func (w *world) project(t testing.TB, name string, change func(*sandbox.ProjectOptions)) {
	t.Helper()
	var o sandbox.ProjectOptions
	if change != nil {
		change(&o)
	}
	all := []sandbox.File{{Path: "Dockerfile", Content: []byte(dockerfile)}}
	if o.Empty {
		all = nil
	}
	require.NoError(t, w.CreateProject(name, o, all...))
}

// find lists one project.
func find(t *testing.T, c *gitlab.Client, name string) forge.Repository {
	t.Helper()
	found, skipped, err := c.Repositories(t.Context(), forge.Scope{Names: []string{name}, BranchPrefix: prefix})
	require.NoError(t, err)
	require.Empty(t, skipped)
	require.Len(t, found, 1)
	return found[0]
}

// proposal is one for the Dockerfile of a project, as it is now.
func proposal(t *testing.T, c *gitlab.Client, name, content string) forge.Proposal {
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
