package hosted

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

// backoff is how waits between attempts grow.
var backoff = attempt.Backoff{First: 500 * time.Millisecond, Most: 20 * time.Second}

// maxRetryAfter is the longest wait that a registry may ask for; for more the
// run does not stand still. GitHub's secondary limit asks for a minute.
const maxRetryAfter = 90 * time.Second

// busyError says that a server was too busy or broken for all attempts.
type busyError struct {
	host     string
	status   int
	attempts int
	asked    time.Duration // wait that the last answer asked for; 0 for none
}

func (e *busyError) Error() string {
	what := fmt.Sprintf("%s is not available: HTTP %d", e.host, e.status)
	if e.status == http.StatusTooManyRequests || e.status == http.StatusForbidden {
		what = fmt.Sprintf("rate limit of %s reached: HTTP %d", e.host, e.status)
	}
	times := "1 attempt"
	if e.attempts != 1 {
		times = fmt.Sprintf("%d attempts", e.attempts)
	}
	what += " after " + times
	if e.asked > 0 {
		what += fmt.Sprintf("; it asks to come back in %s", e.asked.Round(time.Second))
	}
	return what + "; run again later"
}

// repeated repeats what can pass when asked again: busy and broken servers, and
// connections that were cut. All that these APIs are asked may be asked twice.
// limited reports whether an answer is a limit's, and the wait that it asks for
// by other means than Retry-After.
func repeated(inner http.RoundTripper, o Options, limited func(*http.Response, time.Time) (time.Duration, bool)) http.RoundTripper {
	p := &attempt.Patience{
		Retries: o.Retries, Backoff: backoff, Most: maxRetryAfter, Now: o.Now,
		Busy: func(resp *http.Response, now time.Time) (time.Duration, bool) {
			asked, ok := limited(resp, now)
			return asked, ok || attempt.IsBroken(resp.StatusCode)
		},
		GiveUp: func(o attempt.Outcome, attempts int, asked time.Duration, _ bool) error {
			return &busyError{host: o.Request.URL.Host, status: o.Response.StatusCode, attempts: attempts, asked: asked}
		},
	}
	return &attempt.Repeat{Inner: inner, Sleep: o.Sleep, Judge: p.Judge}
}

func isLimited(resp *http.Response, _ time.Time) (time.Duration, bool) {
	return 0, resp.StatusCode == http.StatusTooManyRequests
}

// isGitHubLimited knows GitHub's limits, which answer 403 as well.
func isGitHubLimited(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	if resp.Header.Get("X-RateLimit-Remaining") == "0" {
		reset, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64)
		if err == nil && reset > 0 {
			return min(max(time.Unix(reset, 0).Sub(now), 0)+time.Second, attempt.MostAsked), true
		}
		return 0, true
	}
	words := strings.ToLower(string(attempt.Body(resp)))
	limited := resp.StatusCode == http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "" || strings.Contains(words, "rate limit")
	return time.Minute, limited
}
