package github

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

const (
	// maxLimitWait is the longest that a limit of GitHub's can last, and a
	// little: primary limits are counted by the hour.
	maxLimitWait = 65 * time.Minute
	// leastSecondaryWait is what GitHub asks for where a secondary limit's
	// answer says nothing.
	leastSecondaryWait = time.Minute
	// maxLimitWaits bounds how often one request is told to wait.
	maxLimitWaits = 6
)

// limit is what an answer asks for.
type limit struct {
	wait    time.Duration
	why     string
	primary bool // the hourly count of one half of the API, not the secondary limit on all
}

// limitOf returns the limit that the answer, the nth in a row, speaks of. An
// answer with a limit was not acted upon: whatever was asked may be asked again.
func limitOf(resp *http.Response, body []byte, n int, now time.Time) (limit, bool) {
	asked, hasAsked := attempt.RetryAfter(resp.Header.Get("Retry-After"), now)
	spent := resp.Header.Get("X-RateLimit-Remaining") == "0"
	text := strings.ToLower(string(body[:min(len(body), 4096)]))
	switch resp.StatusCode {
	case http.StatusOK:
		if !strings.Contains(text, `"rate_limited"`) || !strings.Contains(text, `"errors"`) {
			return limit{}, false
		}
		spent = true
	case http.StatusForbidden:
		if !hasAsked && !spent && !strings.Contains(text, "rate limit") && !strings.Contains(text, "abuse") {
			return limit{}, false
		}
	case http.StatusTooManyRequests:
	default:
		return limit{}, false
	}
	if hasAsked {
		return limit{max(asked, time.Second), "GitHub asks to wait (secondary rate limit)", false}, true
	}
	if reset, ok := resetOf(resp, now); spent && ok {
		return limit{reset, "all requests of this hour are spent", true}, true
	}
	return limit{leastSecondaryWait << min(n, 5), "GitHub's secondary rate limit", false}, true
}

// resetOf returns the time until the primary limit begins anew.
func resetOf(resp *http.Response, now time.Time) (time.Duration, bool) {
	seconds, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || seconds <= 0 {
		return 0, false
	}
	return min(max(time.Unix(seconds, 0).Sub(now), 0), attempt.MostAsked) + time.Second, true
}
