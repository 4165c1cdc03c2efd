package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

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
		attempt, err := again(req, n)
		if err != nil {
			return nil, err
		}
		resp, err := t.inner.RoundTrip(attempt)
		if err != nil && (n == t.retries || !isCut(err) || req.Context().Err() != nil) {
			return nil, err
		}
		if err == nil && !isBusy(resp.StatusCode) {
			return resp, nil
		}
		wait := backoff(n, jitter())
		if err == nil {
			asked, ok := retryAfter(resp.Header.Get("Retry-After"), t.now())
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

// again returns the request for attempt n, with a body of its own.
func again(req *http.Request, n int) (*http.Request, error) {
	if n == 0 {
		return req, nil
	}
	next := req.Clone(withRetried(req.Context()))
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		next.Body = body
	}
	return next, nil
}

func isBusy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// isCut reports whether a connection broke that worked before, or a name
// server was busy. Refused connections, unknown hosts and certificates that do
// not fit are no such thing, nor are deadlines.
func isCut(err error) bool {
	var dns *net.DNSError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		(errors.As(err, &dns) && dns.Temporary() && !dns.IsNotFound)
}
