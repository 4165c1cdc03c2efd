package github_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/basekeeper/basekeeper/internal/forge/github"
)

// reply is an answer in GitHub's place, or a connection's end.
type reply struct {
	status int
	body   string
	header http.Header
	err    error
}

// status is a reply with headers by name and value.
func status(code int, body string, headers ...string) reply {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return reply{status: code, body: body, header: h}
}

var reset = reply{err: fmt.Errorf("read: %w", syscall.ECONNRESET)}

// request is what a fault sees: it may pass it on and see what comes back.
type request struct {
	*http.Request
	body string
	pass func() reply
}

// fault spoils a request, or returns nil to leave it alone.
type fault func(r request) *reply

// proxy is a transport that spoils requests.
type proxy struct {
	inner http.RoundTripper
	fault fault

	mu   sync.Mutex
	seen []string
}

func (p *proxy) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	p.mu.Lock()
	p.seen = append(p.seen, req.Method+" "+req.URL.String()+" "+req.Header.Get("Authorization"))
	p.mu.Unlock()
	pass := func() reply {
		req.Body = io.NopCloser(bytes.NewReader(body))
		resp, err := p.inner.RoundTrip(req)
		if err != nil {
			return reply{err: err}
		}
		defer resp.Body.Close()
		content, err := io.ReadAll(resp.Body)
		return reply{resp.StatusCode, string(content), resp.Header, err}
	}
	var spoiled *reply
	if p.fault != nil {
		spoiled = p.fault(request{req, string(body), pass})
	}
	if spoiled == nil {
		passed := pass()
		spoiled = &passed
	}
	if spoiled.err != nil {
		return nil, spoiled.err
	}
	return &http.Response{StatusCode: spoiled.status, Header: spoiled.header.Clone(), Body: io.NopCloser(strings.NewReader(spoiled.body)), Request: req}, nil
}

// times spoils the first n requests in the same way.
func times(n int, with reply) fault {
	var mu sync.Mutex
	return func(request) *reply {
		mu.Lock()
		defer mu.Unlock()
		if n--; n < 0 {
			return nil
		}
		return &with
	}
}

// spoiled returns a client whose requests go through f.
func (w *world) spoiled(t *testing.T, f fault, change func(*github.Options)) (*github.Client, *proxy) {
	t.Helper()
	p := &proxy{fault: f}
	c := w.client(t, func(o *github.Options) {
		if change != nil {
			change(o)
		}
		p.inner = o.Transport
		o.Transport = p
	})
	return c, p
}
