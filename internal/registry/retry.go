package registry

import (
	"context"
	"net/http"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

// backoff is how waits between attempts grow.
var backoff = attempt.Backoff{First: 250 * time.Millisecond, Most: 10 * time.Second}

// maxRetryAfter is the longest wait that a registry may ask for; for more the
// run does not stand still.
const maxRetryAfter = 60 * time.Second

// retried repeats what can pass when asked again: busy and broken servers,
// connections that were cut. It gives up with a *busyError, or with the last
// connection's error.
type retried struct {
	inner   http.RoundTripper
	retries int
	sleep   func(context.Context, time.Duration) error
	now     func() time.Time
}

func (t *retried) RoundTrip(req *http.Request) (*http.Response, error) {
	for n := 0; ; n++ {
		next, err := again(req, n)
		if err != nil {
			return nil, err
		}
		resp, err := t.inner.RoundTrip(next)
		if err != nil && (n == t.retries || !attempt.IsCut(err) || req.Context().Err() != nil) {
			return nil, err
		}
		if err == nil && !isBusy(resp.StatusCode) {
			return resp, nil
		}
		wait := backoff.Wait(n, attempt.Jitter())
		if err == nil {
			asked, ok := attempt.RetryAfter(resp.Header.Get("Retry-After"), t.now())
			wait = max(wait, asked)
			if n == t.retries || t.tooLong(req.Context(), wait) {
				return nil, &busyError{host: req.URL.Host, status: resp.StatusCode, attempts: n + 1, asked: asked, hasAsked: ok}
			}
		}
		if err := t.sleep(req.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// tooLong reports whether it is better to give up than to wait.
func (t *retried) tooLong(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return wait > maxRetryAfter || (ok && t.now().Add(wait).After(deadline))
}

// again returns the request for attempt n.
func again(req *http.Request, n int) (*http.Request, error) {
	if n == 0 {
		return req, nil
	}
	return attempt.Again(withRetried(req.Context()), req)
}

func isBusy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
