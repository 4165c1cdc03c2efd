package attempt_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"0":                                     0,
		"120":                                   2 * time.Minute,
		"31536001":                              365 * 24 * time.Hour,
		"184467440737095516160":                 365 * 24 * time.Hour,
		now.Add(time.Hour).Format(time.RFC850):  time.Hour,
		now.Add(time.Minute).Format(time.ANSIC): time.Minute,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute,
		now.Add(-time.Hour).Format(http.TimeFormat):  0,
	} {
		got, ok := attempt.RetryAfter(header, now)
		assert.True(t, ok, header)
		assert.Equal(t, want, got, header)
	}
	for _, header := range []string{"", "  ", "-1", "1.5", "soon", "2026-03-01"} {
		_, ok := attempt.RetryAfter(header, now)
		assert.False(t, ok, header)
	}
}

func TestBackoff(t *testing.T) {
	b := attempt.Backoff{First: 250 * time.Millisecond, Most: 10 * time.Second}
	for n, most := range []time.Duration{250, 500, 1000, 2000, 4000, 8000, 10000, 10000} {
		most *= time.Millisecond
		assert.Equal(t, most/2, b.Wait(n, 0))
		assert.Equal(t, most/2+most/4, b.Wait(n, 0.5))
	}
	assert.Equal(t, 5*time.Second, b.Wait(1000, 0), "no overflow")
}

func TestBackoffOfOthers(t *testing.T) {
	b := attempt.Backoff{First: 500 * time.Millisecond, Most: 20 * time.Second}
	assert.Equal(t, 250*time.Millisecond, b.Wait(0, 0))
	assert.Equal(t, 750*time.Millisecond, b.Wait(1, 0.5))
	assert.Equal(t, 10*time.Second, b.Wait(100, 0))
}
