package attempt

import (
	"context"
	"net/http"
	"time"
)

// Outcome is what came of an attempt.
type Outcome struct {
	Request  *http.Request
	Response *http.Response // nil where there is an error
	Err      error
	Failed   int // attempts before it that failed
	Limited  int // attempts before it that met a limit
}

// Verdict is what to do about an outcome: nothing, it is the answer; or an
// error in its stead; or another attempt.
type Verdict struct {
	Err   error
	Again bool
	Limit bool          // the next attempt is because of a limit, not of a failure
	Wait  time.Duration // before it
}

// Repeat is a transport that attempts a request until Judge has had enough.
// Requests with a body need GetBody.
type Repeat struct {
	Inner http.RoundTripper
	Sleep func(ctx context.Context, d time.Duration) error
	Judge func(Outcome) Verdict
}

type repeatedKey struct{}

// IsRepeated reports whether a request repeats an earlier one.
func IsRepeated(req *http.Request) bool { return req.Context().Value(repeatedKey{}) != nil }

// RoundTrip implements [http.RoundTripper].
func (t *Repeat) RoundTrip(req *http.Request) (*http.Response, error) {
	failed, limited := 0, 0
	next := req
	for {
		resp, err := t.Inner.RoundTrip(next)
		v := t.Judge(Outcome{Request: req, Response: resp, Err: err, Failed: failed, Limited: limited})
		switch {
		case v.Err != nil:
			return nil, v.Err
		case !v.Again:
			return resp, err
		case v.Limit:
			limited++
		default:
			failed++
		}
		if err := t.Sleep(req.Context(), v.Wait); err != nil {
			return nil, err
		}
		if next, err = Again(context.WithValue(req.Context(), repeatedKey{}, true), req); err != nil {
			return nil, err
		}
	}
}

// Patience judges answers of servers that may be asked anything twice: those
// that are busy or broken, and connections that were cut, get another attempt.
type Patience struct {
	Retries int // repetitions of one request
	Backoff Backoff
	Most    time.Duration // the longest wait that a server may ask for
	Now     func() time.Time
	// Busy reports whether resp is no answer to rely on, and the wait that it
	// asks for by other means than Retry-After.
	Busy func(resp *http.Response, now time.Time) (wait time.Duration, ok bool)
	// GiveUp is the error after so many attempts, of which the last was busy and
	// asked for a wait, or did not.
	GiveUp func(o Outcome, attempts int, asked time.Duration, hasAsked bool) error
}

// Judge implements [Repeat]'s.
func (p *Patience) Judge(o Outcome) Verdict {
	ctx, wait := o.Request.Context(), p.Backoff.Wait(o.Failed, Jitter())
	if o.Err != nil {
		return Verdict{Again: o.Failed < p.Retries && IsCut(o.Err) && ctx.Err() == nil, Wait: wait}
	}
	now := p.Now()
	asked, busy := p.Busy(o.Response, now)
	if !busy {
		return Verdict{}
	}
	after, has := RetryAfter(o.Response.Header.Get("Retry-After"), now)
	if has {
		asked = after
	}
	wait = max(wait, asked)
	deadline, ends := ctx.Deadline()
	if o.Failed == p.Retries || wait > p.Most || ends && now.Add(wait).After(deadline) {
		return Verdict{Err: p.GiveUp(o, o.Failed+1, asked, has)}
	}
	return Verdict{Again: true, Wait: wait}
}

// IsBroken reports whether a status is a server's trouble, which can pass.
func IsBroken(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
