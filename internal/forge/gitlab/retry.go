package gitlab

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

func (j *judge) judge(o attempt.Outcome) attempt.Verdict {
	switch {
	case o.Err == nil && o.Response.StatusCode < 500:
		wait, ok := limitOf(o.Response, o.Limited, j.pacer.now())
		if !ok {
			return attempt.Verdict{}
		}
		return j.hold(o, wait)
	case o.Err != nil && !attempt.IsInterrupted(o.Err):
		return attempt.Verdict{}
	}
	broken := &attempt.BrokenError{Who: "GitLab", Attempts: o.Failed + 1, Cause: o.Err}
	if o.Err == nil {
		broken.Status = o.Response.StatusCode
	}
	if err := j.giveUp(o.Request, broken); err != nil {
		return attempt.Verdict{Err: err}
	}
	return attempt.Verdict{Again: true, Wait: backoff.Wait(o.Failed, attempt.Jitter())}
}

// giveUp returns what to say where a broken request is not to be repeated.
func (j *judge) giveUp(req *http.Request, broken *attempt.BrokenError) error {
	c := callOf(req)
	if req.Context().Err() != nil {
		return req.Context().Err()
	}
	if c.write && !c.repeatable {
		broken.Lost = true
		return broken
	}
	tooMuch := c.halvable && (broken.Status != 0 || attempt.IsSlow(broken.Cause))
	if tooMuch || broken.Attempts > j.retries {
		return broken
	}
	return nil
}

// hold makes the next attempt, and all other requests, wait; the error is that
// the run has not so much time.
func (j *judge) hold(o attempt.Outcome, wait time.Duration) attempt.Verdict {
	now := j.pacer.now()
	until := now.Add(wait)
	deadline := attempt.Soonest(o.Request.Context(), j.deadline)
	if wait > maxLimitWait || o.Limited >= maxLimitWaits || (!deadline.IsZero() && until.After(deadline)) {
		return attempt.Verdict{Err: &forge.LimitedError{Until: until, Now: now, Why: "GitLab asks to wait"}}
	}
	j.pacer.hold(until)
	return attempt.Verdict{Again: true, Limit: true}
}

// backoff is how waits between attempts grow.
var backoff = attempt.Backoff{First: 500 * time.Millisecond, Most: 20 * time.Second}
