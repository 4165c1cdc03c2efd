package github

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The resources that GitHub counts.
const (
	coreResource    = "core"
	graphqlResource = "graphql"
)

// budget is what is left of an hour's requests or points.
type budget struct {
	limit, used int
	reset       time.Time
}

// budget returns that of a token, a new one when the hour is over.
func (s *Server) budget(t *Token, resource string) *budget {
	key, limit := "nobody/"+resource, 60
	if t != nil {
		key, limit = fmt.Sprintf("%d/%s", t.number, resource), 5000
		if t.Kind == ActionsToken {
			limit = 1000
		}
	}
	b := s.limits[key]
	if b == nil || !s.now().Before(b.reset) {
		b = &budget{limit: limit, reset: s.now().Add(time.Hour)}
		s.limits[key] = b
	}
	return b
}

// SetRemaining leaves a token with n requests (resource core) or points
// (graphql) until its hour is over. An unknown secret is ignored.
func (s *Server) SetRemaining(secret, resource string, n int) {
	s.locked(func() {
		if t := s.tokens[secret]; t != nil {
			b := s.budget(t, resource)
			b.used = b.limit - n
		}
	})
}

func (b *budget) remaining() int { return max(0, b.limit-b.used) }

// take counts a request; false where there is nothing left for it.
func (b *budget) take(cost int) bool {
	if b.remaining() < cost {
		return false
	}
	b.used += cost
	return true
}

func (b *budget) headers(h http.Header, resource string) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(b.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(b.remaining()))
	h.Set("X-RateLimit-Used", strconv.Itoa(min(b.used, b.limit)))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(b.reset.Unix(), 10))
	h.Set("X-RateLimit-Resource", resource)
}

func (b *budget) body() map[string]any {
	return map[string]any{"limit": b.limit, "remaining": b.remaining(), "used": min(b.used, b.limit), "reset": b.reset.Unix()}
}

// exceeded is the refusal when nothing is left.
func exceeded(t *Token) *apiError {
	message := "API rate limit exceeded for 127.0.0.1."
	if t != nil {
		message = fmt.Sprintf("API rate limit exceeded for user ID %d.", t.number)
		if t.Kind == InstallationToken || t.Kind == ActionsToken {
			message = fmt.Sprintf("API rate limit exceeded for installation ID %d.", t.number)
		}
	}
	return &apiError{Status: http.StatusForbidden, Kind: "RATE_LIMITED", Message: message}
}

func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }
