package attempt

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWindow(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w := &Window{Span: time.Minute, Most: 10}
	w.Spend(now, now, 4)
	w.Spend(now, now.Add(10*time.Second), 4)
	assert.Equal(t, now.Add(20*time.Second), w.Free(now.Add(20*time.Second), 2))
	assert.Equal(t, now.Add(60*time.Second), w.Free(now.Add(20*time.Second), 3), "when the first ones are past")
	assert.Equal(t, now.Add(70*time.Second), w.Free(now.Add(20*time.Second), 7))
}

func TestWindowForgets(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w := &Window{Span: time.Minute, Most: 10}
	for i := range 10_000 {
		at := w.Free(now, 1)
		w.Spend(now, at, 1)
		if i%10 == 9 {
			now = now.Add(time.Minute)
		}
		require.LessOrEqual(t, len(w.spent), 11)
	}
}
