package registry_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// naps remembers how long the client would have slept.
type naps struct {
	mu   sync.Mutex
	took []time.Duration
}

func (n *naps) sleep(ctx context.Context, d time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.took = append(n.took, d)
	return ctx.Err()
}

func TestRetry(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	date := now.Add(20 * time.Second).Format(http.TimeFormat)
	busy := status(http.StatusTooManyRequests)
	tests := map[string]struct {
		steps    []step
		wantErr  string // part of it, empty for success
		retried  int
		longest  time.Duration // a nap at least this long, where it matters
		shortest time.Duration
	}{
		"429 once":               {steps: []step{busy}, retried: 1},
		"429 with seconds":       {steps: []step{status(429, "Retry-After", "30")}, retried: 1, longest: 30 * time.Second},
		"429 with a date":        {steps: []step{status(429, "Retry-After", date)}, retried: 1, longest: 20 * time.Second},
		"429 for ever":           {steps: []step{busy, busy, busy, busy, busy}, retried: 4, wantErr: "rate limit of 127.0.0.1"},
		"429 with a hostile one": {steps: []step{status(429, "Retry-After", "99999999999999999999")}, wantErr: "HTTP 429 after 1 attempt; it asks to come back in 8760h0m0s"},
		"429 for an hour":        {steps: []step{status(429, "Retry-After", "3600")}, wantErr: "it asks to come back in 1h0m0s; log in for a higher limit"},
		"503 for an hour":        {steps: []step{status(503, "Retry-After", "3600")}, wantErr: "is not available: HTTP 503 after 1 attempt; it asks"},
		"500 and 502 and 504":    {steps: []step{status(500), status(502), status(504)}, retried: 3},
		"500 for ever":           {steps: []step{status(500), status(500), status(500), status(500), status(500)}, retried: 4, wantErr: "HTTP 500 after 5 attempts"},
		"cut":                    {steps: []step{reset, reset}, retried: 2},
		"cut for ever":           {steps: []step{reset, reset, reset, reset, reset}, retried: 4, wantErr: "connection reset by peer"},
		"teapot is not retried":  {steps: []step{status(418)}, wantErr: "it answers HTTP 418"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			host := registrytest.StartMemory(t, scripted(tt.steps...))
			want := registrytest.Push(t, host, "app", "1")
			var n naps
			// A connection that was never used before is not repeated by
			// net/http itself.
			c := newClient(t, registry.Options{Sleep: n.sleep, Now: func() time.Time { return now },
				Transport: &http.Transport{DisableKeepAlives: true}})
			got, err := c.Resolve(t.Context(), ref(t, host, "app:1"))
			if tt.wantErr != "" {
				require.ErrorContains(t, err, tt.wantErr)
			} else {
				require.NoError(t, err)
				assert.Equal(t, want, got)
			}
			assert.Equal(t, tt.retried, c.Requests()[host.Addr].Retried)
			require.Len(t, n.took, tt.retried)
			for i, nap := range n.took {
				assert.GreaterOrEqual(t, nap, 125*time.Millisecond<<i)
				assert.GreaterOrEqual(t, nap, tt.longest)
				assert.LessOrEqual(t, nap, max(tt.longest, 250*time.Millisecond<<i))
			}
		})
	}
}

func TestRetryOfBodies(t *testing.T) {
	host := registrytest.StartMemory(t, scripted(truncate, truncate))
	want := registrytest.Push(t, host, "app", "1")
	c := newClient(t, registry.Options{})
	_, got, err := c.Manifest(t.Context(), ref(t, host, "app").Pinned(want.Digest))
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, 2, c.Requests()[host.Addr].Retried)
}

func TestRetryStopsAtTheCallersDeadline(t *testing.T) {
	host := registrytest.StartMemory(t, scripted(status(503, "Retry-After", "50")))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := newClient(t, registry.Options{}).Resolve(ctx, ref(t, host, "app:1"))
	require.ErrorContains(t, err, "it asks to come back in 50s")
}

func TestSlowAnswers(t *testing.T) {
	for name, s := range map[string]step{"no answer": hang, "half a body": stall} {
		t.Run(name, func(t *testing.T) {
			host := registrytest.StartMemory(t, scripted(s))
			c := newClient(t, registry.Options{Timeout: 50 * time.Millisecond,
				Hosts: map[string]registry.Host{host.Addr: {PlainHTTP: true}}})
			_, _, err := c.Manifest(t.Context(), ref(t, host, "app").Pinned(image.FromBytes(nil)))
			require.EqualError(t, err, "no complete answer within 50ms")
		})
	}
}

func TestLargeAnswers(t *testing.T) {
	large := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 5<<20))
	}
	host := registrytest.StartMemory(t, scripted(large))
	_, _, err := newClient(t, registry.Options{}).Manifest(t.Context(), ref(t, host, "app").Pinned(image.FromBytes(nil)))
	require.EqualError(t, err, "the answer is larger than 4194304 bytes")
}
