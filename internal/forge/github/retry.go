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

func withRetry(ctx context.Context) context.Context { return context.WithValue(ctx, retryKey{}, true) }

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

// judge decides which requests get another attempt: what can pass when asked
// again, and what a limit asks to wait for.
type judge struct {
	pacer    *pacer
	retries  int
	deadline time.Time
}

func (t *judge) judge(o attempt.Outcome) attempt.Verdict {
	switch {
	case o.Err == nil && o.Response.StatusCode < 500:
		limit, ok := limitOf(o.Response, attempt.Body(o.Response), o.Limited, t.pacer.now())
		if !ok {
			return attempt.Verdict{}
		}
		if err := t.hold(o.Request, limit, o.Limited); err != nil {
			return attempt.Verdict{Err: err}
		}
		return attempt.Verdict{Again: true, Limit: true}
	case o.Err != nil && !isCut(o.Err):
		return attempt.Verdict{}
	}
	broken := &brokenError{attempts: o.Failed + 1, cause: o.Err}
	if o.Err == nil {
		broken.status = o.Response.StatusCode
	}
	if stop := t.giveUp(o.Request, broken); stop != nil {
		return attempt.Verdict{Err: stop}
	}
	return attempt.Verdict{Again: true, Wait: backoff.Wait(o.Failed, attempt.Jitter())}
}

// giveUp returns what to say where a broken request is not to be repeated.
func (t *judge) giveUp(req *http.Request, broken *brokenError) error {
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
func (t *judge) hold(req *http.Request, l limit, n int) error {
	now := t.pacer.now()
	until := now.Add(l.wait)
	deadline := soonest(t.deadline, req.Context())
	if l.wait > maxLimitWait || n >= maxLimitWaits || (!deadline.IsZero() && until.After(deadline)) {
		return &limitedError{until: until, now: now, why: l.why}
	}
	t.pacer.hold(callOf(req), until, l.primary)
	return nil
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
