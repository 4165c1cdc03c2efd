package registry

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	firstBackoff = 250 * time.Millisecond
	maxBackoff   = 10 * time.Second
	// maxRetryAfter is the longest wait that a registry may ask for; for more
	// the run does not stand still.
	maxRetryAfter = 60 * time.Second
)

// backoff returns the wait before repetition n (0 is the first): doubling from
// a quarter of a second to ten, of which random (in [0, 1)) picks a point in
// the upper half, so that clients that failed together come back apart.
func backoff(n int, random float64) time.Duration {
	d := maxBackoff
	if n < 16 {
		d = min(firstBackoff<<n, maxBackoff)
	}
	return d/2 + time.Duration(random*float64(d/2))
}

// retryAfter reads a Retry-After header, which holds seconds or a date. The
// wait is never negative; ok is false where the header is absent or neither.
//
// Spec: RFC 9110, 10.2.3.
func retryAfter(header string, now time.Time) (wait time.Duration, ok bool) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, false
	}
	if isDigits(header) {
		const most = 365 * 24 * 60 * 60
		seconds, err := strconv.ParseInt(header, 10, 64)
		if err != nil || seconds > most {
			seconds = most
		}
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return max(at.Sub(now), 0), true
}

func isDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

func jitter() float64 { return rand.Float64() } //nolint:gosec // it spreads requests, it hides nothing

// sleep waits for d or until ctx ends, whose error it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
