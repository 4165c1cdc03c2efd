package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

type retryKey struct{}

func isRetry(req *http.Request) bool { return req.Context().Value(retryKey{}) != nil }

// brokenError says that there was no answer to rely on. lost is true where the
// request may have been carried out all the same.
type brokenError struct {
	status   int // 0 where there was none
	attempts int
	lost     bool
	cause    error
}

func (e *brokenError) Error() string {
	what := fmt.Sprintf("GitHub answers HTTP %d", e.status)
	if e.cause != nil {
		what = e.cause.Error()
	}
	if e.attempts > 1 {
		what += fmt.Sprintf(" after %d attempts", e.attempts)
	}
	if e.lost {
		what += "; it is not known whether the change was made, the next run will see"
	}
	return what
}

func (e *brokenError) Unwrap() error { return e.cause }

// retried repeats what can pass when asked again, and waits where a limit asks
// for it.
type retried struct {
	inner    http.RoundTripper
	pacer    *pacer
	retries  int
	deadline time.Time
	sleep    func(context.Context, time.Duration) error
	jitter   func() float64
}

func (t *retried) RoundTrip(req *http.Request) (*http.Response, error) {
	failed, limited := 0, 0
	for {
		next, err := again(req, failed+limited)
		if err != nil {
			return nil, err
		}
		resp, err := t.inner.RoundTrip(next)
		switch {
		case err == nil && resp.StatusCode < 500:
			limit, ok := limitOf(resp, attempt.Body(resp), limited, t.pacer.now())
			if !ok {
				return resp, nil
			}
			if err := t.hold(req, limit, limited); err != nil {
				return nil, err
			}
			limited++
		case err != nil && !isCut(err):
			return nil, err
		default:
			failed++
			broken := &brokenError{attempts: failed, cause: err}
			if err == nil {
				broken.status = resp.StatusCode
			}
			if stop := t.giveUp(req, broken); stop != nil {
				return nil, stop
			}
			if err := t.sleep(req.Context(), backoff.Wait(failed-1, t.jitter())); err != nil {
				return nil, err
			}
		}
	}
}

// giveUp returns what to say where a broken request is not to be repeated.
func (t *retried) giveUp(req *http.Request, broken *brokenError) error {
	c := callOf(req)
	if req.Context().Err() != nil {
		return req.Context().Err()
	}
	if c.write && !c.repeatable {
		broken.lost = true
		return broken
	}
	tooMuch := c.halvable && (broken.status != 0 || isTimeout(broken.cause))
	if tooMuch || broken.attempts > t.retries {
		return broken
	}
	return nil
}

// hold makes the next attempt, and all other requests that the limit is about,
// wait; the error is that the run has not so much time.
func (t *retried) hold(req *http.Request, l limit, n int) error {
	now := t.pacer.now()
	until := now.Add(l.wait)
	deadline := soonest(t.deadline, req.Context())
	if l.wait > maxLimitWait || n >= maxLimitWaits || (!deadline.IsZero() && until.After(deadline)) {
		return &limitedError{until: until, now: now, why: l.why}
	}
	t.pacer.hold(callOf(req), until, l.primary)
	return nil
}

// again returns the request for attempt n.
func again(req *http.Request, n int) (*http.Request, error) {
	if n == 0 {
		return req, nil
	}
	return attempt.Again(context.WithValue(req.Context(), retryKey{}, true), req)
}

// isCut reports whether a connection broke that worked before, an answer took
// too long, or a name server was busy.
func isCut(err error) bool {
	return attempt.IsCut(err) || isTimeout(err) ||
		strings.Contains(err.Error(), "stream error") || strings.Contains(err.Error(), "server sent GOAWAY") // HTTP/2's, not exported
}

func isTimeout(err error) bool {
	var slow *attempt.SlowError
	return errors.As(err, &slow)
}

// backoff is how waits between attempts grow.
var backoff = attempt.Backoff{First: 500 * time.Millisecond, Most: 20 * time.Second}
