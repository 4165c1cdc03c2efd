package github

import (
	"net/http"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

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
	case o.Err != nil && !attempt.IsInterrupted(o.Err):
		return attempt.Verdict{}
	}
	broken := &attempt.BrokenError{Who: "GitHub", Attempts: o.Failed + 1, Cause: o.Err}
	if o.Err == nil {
		broken.Status = o.Response.StatusCode
	}
	if stop := t.giveUp(o.Request, broken); stop != nil {
		return attempt.Verdict{Err: stop}
	}
	return attempt.Verdict{Again: true, Wait: backoff.Wait(o.Failed, attempt.Jitter())}
}

// giveUp returns what to say where a broken request is not to be repeated.
func (t *judge) giveUp(req *http.Request, broken *attempt.BrokenError) error {
	c := callOf(req)
	if req.Context().Err() != nil {
		return req.Context().Err()
	}
	if c.write && !c.repeatable {
		broken.Lost = true
		return broken
	}
	tooMuch := c.halvable && (broken.Status != 0 || attempt.IsSlow(broken.Cause))
	if tooMuch || broken.Attempts > t.retries {
		return broken
	}
	return nil
}

// hold makes the next attempt, and all other requests that the limit is about,
// wait; the error is that the run has not so much time.
func (t *judge) hold(req *http.Request, l limit, n int) error {
	now := t.pacer.now()
	until := now.Add(l.wait)
	deadline := attempt.Soonest(req.Context(), t.deadline)
	if l.wait > maxLimitWait || n >= maxLimitWaits || (!deadline.IsZero() && until.After(deadline)) {
		return &forge.LimitedError{Until: until, Now: now, Why: l.why}
	}
	t.pacer.hold(callOf(req), until, l.primary)
	return nil
}

// backoff is how waits between attempts grow.
var backoff = attempt.Backoff{First: 500 * time.Millisecond, Most: 20 * time.Second}
