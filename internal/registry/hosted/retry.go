package hosted

import (
	"context"
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

// retried repeats what can pass when asked again: busy and broken servers, and
// connections that were cut. All that these APIs are asked may be asked twice.
type retried struct {
	inner   http.RoundTripper
	retries int
	sleep   func(context.Context, time.Duration) error
	now     func() time.Time
	// limited reports whether an answer is a limit's, and the wait that it asks
	// for by other means than Retry-After.
	limited func(resp *http.Response, now time.Time) (wait time.Duration, ok bool)
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
		wait := backoff.Wait(n, attempt.Jitter())
		if err == nil {
			asked, limited := t.limited(resp, t.now())
			if !limited && !isBroken(resp.StatusCode) {
				return resp, nil
			}
			if after, ok := attempt.RetryAfter(resp.Header.Get("Retry-After"), t.now()); ok {
				asked = after
			}
			wait = max(wait, asked)
			if n == t.retries || t.tooLong(req.Context(), wait) {
				return nil, &busyError{host: req.URL.Host, status: resp.StatusCode, attempts: n + 1, asked: asked}
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
	return attempt.Again(req.Context(), req)
}

func isBroken(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
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
