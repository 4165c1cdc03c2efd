package registry

import (
	"context"
	"net/http"
	"sync"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

// Count is how many requests were sent to one host, repetitions included.
type Count struct {
	Head    int `json:"head"`    // manifests and blobs asked for by HEAD
	Get     int `json:"get"`     // manifests and all else read by GET
	Ping    int `json:"ping"`    // GET /v2/, the attempt at TLS of a plain HTTP host included
	Token   int `json:"token"`   // to the token service
	Write   int `json:"write"`   // POST, PUT and PATCH: manifests and blobs sent
	Delete  int `json:"delete"`  // tags and manifests deleted, the probe included
	Retried int `json:"retried"` // how many of the above repeated an earlier one
}

// Total returns the number of requests; Retried is part of the other fields.
func (c Count) Total() int { return c.Head + c.Get + c.Ping + c.Token + c.Write + c.Delete }

// kind is what a request is for, which its URL does not always tell: some
// token services live under /v2/.
type kind int

const (
	kindContent kind = iota
	kindPing
	kindToken
)

type kindKey struct{}

func withKind(ctx context.Context, k kind) context.Context {
	return context.WithValue(ctx, kindKey{}, k)
}

func kindOf(ctx context.Context) kind {
	k, _ := ctx.Value(kindKey{}).(kind)
	return k
}

// counter counts what passes it.
type counter struct {
	mu sync.Mutex
	n  Count
}

func (c *counter) count() Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *counter) add(req *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch kindOf(req.Context()) {
	case kindPing:
		c.n.Ping++
	case kindToken:
		c.n.Token++
	case kindContent:
		c.addContent(req.Method)
	}
	if attempt.IsRepeated(req) {
		c.n.Retried++
	}
}

func (c *counter) addContent(method string) {
	switch method {
	case http.MethodHead:
		c.n.Head++
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		c.n.Write++
	case http.MethodDelete:
		c.n.Delete++
	default:
		c.n.Get++
	}
}

// counted is the decorator.
type counted struct {
	inner   http.RoundTripper
	counter *counter
}

func (t *counted) RoundTrip(req *http.Request) (*http.Response, error) {
	t.counter.add(req)
	return t.inner.RoundTrip(req)
}
