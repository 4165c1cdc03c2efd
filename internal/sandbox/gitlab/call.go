package gitlab

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// maxRequest is how much of a request is read, in bytes.
const maxRequest = 64 << 20

const (
	apiPath     = "/api/v4"
	graphqlPath = "/api/graphql"
)

// call is a request being answered. It collects the answer, so that nobody's
// slow connection holds the lock.
type call struct {
	*Server
	request *http.Request
	body    []byte
	token   *Token
	web     string   // the instance's address, as the client sees it
	project *project // of the path's /projects/:id
	later   func()   // the rest of the answer, to be made without the lock

	header http.Header
	status int
	answer bytes.Buffer
	logged Request
}

// Header, WriteHeader and Write make a call the writer that the mux answers to.
func (c *call) Header() http.Header { return c.header }

// WriteHeader sets the status once.
func (c *call) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *call) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.answer.Write(p)
}

// serve answers a request: REST or GraphQL.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	c := &call{Server: s, body: body, header: http.Header{}, web: s.webOf(r)}
	c.request = r.Clone(r.Context())
	c.request.URL.Path = strings.TrimPrefix(r.URL.Path, s.options.Root)
	c.request.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, s.options.Root)
	c.logged = Request{Method: r.Method, Path: c.request.URL.RequestURI(), Write: r.Method != http.MethodGet && r.Method != http.MethodHead}
	s.locked(func() {
		switch {
		case err != nil:
			c.fail(&apiError{Status: http.StatusRequestEntityTooLarge, Fields: jsonObject{"error": "Request body is too large"}})
		case !strings.HasPrefix(r.URL.Path, s.options.Root+"/api/"):
			c.fail(&apiError{Status: http.StatusNotFound, Text: "The page could not be found\n"})
		default:
			c.respond()
		}
	})
	if c.later != nil {
		c.later()
	}
	s.locked(func() {
		c.logged.Status = c.status
		s.log(c.logged)
	})
	for key, values := range c.header {
		w.Header()[key] = values
	}
	w.WriteHeader(c.status)
	_, _ = w.Write(c.answer.Bytes()) // the client may be gone
}

func (s *Server) webOf(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" || r.Host == "gitlab.com" {
		scheme = "https"
	}
	return scheme + "://" + r.Host + s.options.Root
}

// respond answers under the lock.
func (c *call) respond() {
	c.header.Set("X-Request-Id", "SANDBOX")
	if refusal := c.refuse(c.request.Method, c.request.URL.EscapedPath()); refusal != nil {
		c.fail(refusal.error())
		return
	}
	token, err := c.authenticate(c.request)
	switch {
	case err != nil && c.request.URL.Path == graphqlPath:
		c.refuseGraphQL(http.StatusUnauthorized, "Invalid token")
		return
	case err != nil:
		c.fail(err)
		return
	}
	c.token = token
	if token != nil {
		c.logged.By = token.account.username
	}
	if !c.budget(token).take(c.header, c.now()) {
		c.fail(tooMany())
		return
	}
	if c.request.URL.Path == graphqlPath {
		c.graphql()
		return
	}
	c.rest.ServeHTTP(c, c.request)
}

// fail answers with a refusal.
func (c *call) fail(err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{Status: http.StatusInternalServerError, Message: "500 Internal Server Error"}
		if errors.Is(err, git.ErrNotFound) || errors.Is(err, git.ErrInvalid) {
			e = badRequest(err.Error())
		}
	}
	for key, values := range e.Header {
		c.header[key] = values
	}
	switch {
	case e.Text != "":
		c.header.Set("Content-Type", "text/plain")
		c.WriteHeader(e.Status)
		c.answer.WriteString(e.Text)
	case e.Fields != nil:
		c.json(e.Status, e.Fields)
	default:
		c.json(e.Status, jsonObject{"message": e.Message})
	}
}

// json answers with a body; nil for none.
func (c *call) json(status int, body any) {
	if body == nil {
		c.WriteHeader(status)
		return
	}
	c.header.Set("Content-Type", "application/json")
	c.WriteHeader(status)
	encoder := json.NewEncoder(&c.answer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		panic("answer that is no JSON: " + err.Error())
	}
}
