package forgetest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Clock stands still but for those who sleep.
type Clock struct {
	mu   sync.Mutex
	time time.Time
	naps time.Duration
}

// NewClock returns a clock that stands at a noon.
func NewClock() *Clock {
	return &Clock{time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

// Now is the time with all that was slept through.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

// Sleep has d pass at once. It returns ctx's error where that has ended.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
	c.naps += d
	return ctx.Err()
}

// Slept returns how long all have slept together.
func (c *Clock) Slept() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.naps
}

// Direct is a transport without a network.
type Direct struct{ Handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (d Direct) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI = req.URL.RequestURI()
	out := httptest.NewRecorder()
	d.Handler.ServeHTTP(out, in)
	_, _ = io.Copy(io.Discard, in.Body)
	resp := out.Result()
	resp.Request = req
	return resp, nil
}
