package registry

import (
	"net/http"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

// backoff is how waits between attempts grow.
var backoff = attempt.Backoff{First: 250 * time.Millisecond, Most: 10 * time.Second}

// maxRetryAfter is the longest wait that a registry may ask for; for more the
// run does not stand still.
const maxRetryAfter = 60 * time.Second

// repeated repeats what can pass when asked again: busy and broken servers,
// connections that were cut. It gives up with a *busyError, or with the last
// connection's error.
func repeated(inner http.RoundTripper, opts Options) http.RoundTripper {
	p := &attempt.Patience{
		Retries: opts.Retries, Backoff: backoff, Most: maxRetryAfter, Now: opts.Now,
		Busy: func(resp *http.Response, _ time.Time) (time.Duration, bool) { return 0, isBusy(resp.StatusCode) },
		GiveUp: func(o attempt.Outcome, attempts int, asked time.Duration, hasAsked bool) error {
			return &busyError{host: o.Request.URL.Host, status: o.Response.StatusCode, attempts: attempts, asked: asked, hasAsked: hasAsked}
		},
	}
	return &attempt.Repeat{Inner: inner, Sleep: opts.Sleep, Judge: p.Judge}
}

func isBusy(status int) bool { return status == http.StatusTooManyRequests || attempt.IsBroken(status) }
