package registry

import (
	"context"
	"net/http"
	"sync"
)

// Count is how many requests were sent to one host, repetitions included.
type Count struct {
	Head    int `json:"head"`    // manifests asked for by HEAD
	Get     int `json:"get"`     // manifests and all else read by GET
	Ping    int `json:"ping"`    // GET /v2/, the attempt at TLS of a plain HTTP host included
	Token   int `json:"token"`   // to the token service
	Retried int `json:"retried"` // how many of the above repeated an earlier one
}

// Total returns the number of requests; Retried is part of the other fields.
func (c Count) Total() int { return c.Head + c.Get + c.Ping + c.Token }

// kind is what a request is for, which its URL does not always tell: some
// token services live under /v2/.
type kind int

const (
	kindManifest kind = iota
	kindPing
	kindToken
)

type kindKey struct{}
type retriedKey struct{}

func withKind(ctx context.Context, k kind) context.Context {
	return context.WithValue(ctx, kindKey{}, k)
}

func kindOf(ctx context.Context) kind {
	k, _ := ctx.Value(kindKey{}).(kind)
	return k
}

func withRetried(ctx context.Context) context.Context {
	return context.WithValue(ctx, retriedKey{}, true)
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
	switch {
	case kindOf(req.Context()) == kindPing:
		c.n.Ping++
	case kindOf(req.Context()) == kindToken:
		c.n.Token++
	case req.Method == http.MethodHead:
		c.n.Head++
	default:
		c.n.Get++
	}
	if req.Context().Value(retriedKey{}) != nil {
		c.n.Retried++
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
