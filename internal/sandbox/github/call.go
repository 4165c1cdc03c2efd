package github

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// maxRequest is how much of a request is read, in bytes.
const maxRequest = 64 << 20

// call is a request being answered. It collects the answer, so that nobody's
// slow connection holds the lock.
type call struct {
	*Server
	request *http.Request
	body    []byte
	token   *Token
	links   links
	repo    *repository // of REST's /repos/{owner}/{repo}

	header http.Header
	status int
	answer bytes.Buffer
	logged Request
}

// Header, WriteHeader and Write make a call the writer of its own answer.
func (c *call) Header() http.Header { return c.header }

// WriteHeader keeps the status.
func (c *call) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

// Write keeps the body.
func (c *call) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.answer.Write(p)
}

// serve answers a request: REST or GraphQL, at either kind of address.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	c := &call{Server: s, body: body, header: http.Header{}, links: linksOf(r)}
	c.logged = Request{Method: r.Method, Path: r.URL.RequestURI(), Write: r.Method != http.MethodGet && r.Method != http.MethodHead}
	c.request = withoutPrefix(r, c.links.prefix)
	s.locked(func() {
		if err != nil {
			c.fail(&apiError{Status: http.StatusRequestEntityTooLarge, Message: "Request body is too large"})
		} else {
			c.respond()
		}
		c.logged.Status = c.status
		s.log(c.logged)
	})
	for key, values := range c.header {
		w.Header()[key] = values
	}
	w.WriteHeader(c.status)
	_, _ = w.Write(c.answer.Bytes()) // the client may be gone
}

// withoutPrefix is the request as api.github.com would get it.
func withoutPrefix(r *http.Request, prefix string) *http.Request {
	short := r.Clone(r.Context())
	short.URL.Path = strings.TrimPrefix(r.URL.Path, prefix)
	short.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, prefix)
	return short
}

// respond answers under the lock.
func (c *call) respond() {
	c.header.Set("X-GitHub-Media-Type", "github.v3; format=json")
	c.header.Set("X-GitHub-Request-Id", "SAND:B0X")
	token, err := c.authenticate(c.request)
	if err != nil {
		c.fail(err)
		return
	}
	c.token = token
	if token != nil {
		c.logged.By = token.Login
	}
	if c.request.URL.Path == "/graphql" {
		c.graphql()
		return
	}
	if c.request.URL.Path != "/rate_limit" {
		b := c.budget(token, coreResource)
		took := b.take(1)
		b.headers(c.header, coreResource)
		if !took {
			c.fail(exceeded(token))
			return
		}
	}
	c.rest.ServeHTTP(c, c.request)
	c.revalidate(token)
}

// revalidate gives what was read a tag, and answers 304 to a client that has
// it already; that does not count.
func (c *call) revalidate(token *Token) {
	if c.status != http.StatusOK || c.logged.Write || c.request.URL.Path == "/rate_limit" {
		return
	}
	tag := fmt.Sprintf(`W/"%x"`, sha256.Sum256(c.answer.Bytes()))
	c.header.Set("ETag", tag)
	if c.request.Header.Get("If-None-Match") != tag {
		return
	}
	b := c.budget(token, coreResource)
	b.used--
	b.headers(c.header, coreResource)
	c.header.Del("Content-Type")
	c.status = http.StatusNotModified
	c.answer.Reset()
}

// fail answers with a refusal.
func (c *call) fail(err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{Status: http.StatusInternalServerError, Message: err.Error()}
		if errors.Is(err, git.ErrNotFound) || errors.Is(err, git.ErrInvalid) {
			e = unprocessable(err.Error())
		}
	}
	for key, values := range e.Header {
		c.header[key] = values
	}
	c.json(e.Status, e.body())
}

// json answers with a body; nil for none.
func (c *call) json(status int, body any) {
	if body == nil {
		c.WriteHeader(status)
		return
	}
	c.header.Set("Content-Type", "application/json; charset=utf-8")
	c.WriteHeader(status)
	encoder := json.NewEncoder(&c.answer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		panic("answer that is no JSON: " + err.Error())
	}
}

// actor is who asks.
func (c *call) actor() actor {
	return actor{account: c.account(c.token), quiet: c.token.Kind == ActionsToken}
}
