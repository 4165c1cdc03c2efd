package registry

import "net/http"

// limited bounds the requests in flight. It frees the place when the answer is
// there, so what is inside it must read the body.
type limited struct {
	inner http.RoundTripper
	slots chan struct{} // one element per request in flight
}

func (t *limited) RoundTrip(req *http.Request) (*http.Response, error) {
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	return t.inner.RoundTrip(req)
}
