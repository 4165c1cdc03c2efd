package gitlab

import (
	"net/http"
	"strconv"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

const (
	// maxLimitWait is the longest wait for a limit that is worth it: most are
	// counted by the minute, and some that an administrator sets by the hour.
	maxLimitWait = 65 * time.Minute
	// leastLimitWait is waited where a limit's answer does not say how long.
	leastLimitWait = time.Minute
	// maxLimitWaits bounds how often one request is told to wait.
	maxLimitWaits = 6
)

// limitOf returns the wait that an answer asks for, the nth in a row. An answer
// with a limit was not acted upon: whatever was asked may be asked again.
//
// Spec: GitLab's "User and IP rate limits", "Handling throttled clients".
func limitOf(resp *http.Response, n int, now time.Time) (time.Duration, bool) {
	if resp.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	if asked, ok := attempt.RetryAfter(resp.Header.Get("Retry-After"), now); ok {
		return max(asked, time.Second), true
	}
	if reset, ok := resetOf(resp, now); ok && resp.Header.Get("RateLimit-Remaining") == "0" {
		return reset, true
	}
	return leastLimitWait << min(n, 5), true
}

// spentOf returns the wait until there is something to spend again, where an
// answer says that it was the last one.
func spentOf(resp *http.Response, now time.Time) (time.Duration, bool) {
	if resp.Header.Get("RateLimit-Remaining") != "0" {
		return 0, false
	}
	wait, ok := resetOf(resp, now)
	return wait, ok && wait <= maxLimitWait
}

func resetOf(resp *http.Response, now time.Time) (time.Duration, bool) {
	seconds, err := strconv.ParseInt(resp.Header.Get("RateLimit-Reset"), 10, 64)
	if err != nil || seconds <= 0 {
		return 0, false
	}
	return min(max(time.Unix(seconds, 0).Sub(now), 0), attempt.MostAsked) + time.Second, true
}
