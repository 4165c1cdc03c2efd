package gitlab

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// budget is what is left of a minute's requests.
type budget struct {
	limit, used int
	reset       time.Time
}

// Limits of gitlab.com, a minute.
//
// Spec: GitLab's "GitLab.com settings", rate limits on GitLab.com.
const (
	apiLimit    = 2000 // authenticated API traffic of a user
	nobodyLimit = 500  // unauthenticated traffic of an address
)

// budget returns that of a token, a new one when the minute is over.
func (s *Server) budget(t *Token) *budget {
	key, limit := "nobody", nobodyLimit
	if t != nil {
		key, limit = t.account.username, apiLimit
	}
	b := s.limits[key]
	if b == nil || !s.now().Before(b.reset) {
		b = &budget{limit: limit, reset: s.now().Truncate(time.Minute).Add(time.Minute)}
		s.limits[key] = b
	}
	return b
}

// SetRemaining leaves a token's account with n requests until its minute is
// over. An unknown secret is ignored.
func (s *Server) SetRemaining(secret string, n int) {
	s.locked(func() {
		if t := s.tokens[secret]; t != nil {
			b := s.budget(t)
			b.used = b.limit - n
		}
	})
}

// take counts a request and says in the headers what is left; false where
// there is nothing left for it.
//
// Spec: GitLab's "User and IP rate limits", response headers.
func (b *budget) take(h http.Header, now time.Time) bool {
	took := b.used < b.limit
	b.used++
	h.Set("RateLimit-Limit", strconv.Itoa(b.limit))
	h.Set("RateLimit-Name", "throttle_authenticated_api")
	h.Set("RateLimit-Observed", strconv.Itoa(b.used))
	h.Set("RateLimit-Remaining", strconv.Itoa(max(0, b.limit-b.used)))
	h.Set("RateLimit-Reset", strconv.FormatInt(b.reset.Unix(), 10))
	if !took {
		h.Set("Retry-After", seconds(b.reset.Sub(now)))
	}
	return took
}

// tooMany is the refusal when nothing is left, in the form of a text.
func tooMany() *apiError {
	return &apiError{Status: http.StatusTooManyRequests, Text: "Retry later\n"}
}

func (r *Refusal) error() *apiError {
	e := &apiError{Status: r.Status, Header: http.Header{}, Text: fmt.Sprintf("%d %s\n", r.Status, http.StatusText(r.Status))}
	if r.Status == http.StatusTooManyRequests {
		e.Text = tooMany().Text
	}
	if r.RetryAfter > 0 {
		e.Header.Set("Retry-After", seconds(r.RetryAfter))
	}
	return e
}

func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }
