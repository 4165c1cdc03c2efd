package attempt

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MostAsked is the longest wait that RetryAfter tells: as good as for ever, and
// it can be counted with.
const MostAsked = 365 * 24 * time.Hour

// Backoff is how waits between attempts grow: from First, doubled each time, to
// Most.
type Backoff struct{ First, Most time.Duration }

// Wait returns the wait before repetition n (0 is the first), of which random
// (in [0, 1)) picks a point in the upper half, so that clients that failed
// together come back apart.
func (b Backoff) Wait(n int, random float64) time.Duration {
	d := b.Most
	if n < 16 {
		d = min(b.First<<n, b.Most)
	}
	return d/2 + time.Duration(random*float64(d/2))
}

// Jitter returns a random number in [0, 1).
func Jitter() float64 { return rand.Float64() } //nolint:gosec // it spreads requests, it hides nothing

// RetryAfter reads a Retry-After header, which holds seconds or a date. The
// wait is never negative and at most [MostAsked]; ok is false where the header
// is absent or neither.
//
// Spec: RFC 9110, 10.2.3.
func RetryAfter(header string, now time.Time) (wait time.Duration, ok bool) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, false
	}
	if strings.Trim(header, "0123456789") == "" {
		seconds, err := strconv.ParseInt(header, 10, 64)
		if err != nil || seconds > int64(MostAsked/time.Second) {
			return MostAsked, true
		}
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), MostAsked), true
}

// Sleep waits for d or until ctx ends, whose error it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Soonest returns the earlier of a deadline and ctx's; zero for none.
func Soonest(ctx context.Context, deadline time.Time) time.Time {
	own, ok := ctx.Deadline()
	if ok && (deadline.IsZero() || own.Before(deadline)) {
		return own
	}
	return deadline
}

// Later returns the later of two moments.
func Later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
