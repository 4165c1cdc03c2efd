package demo

import (
	"context"
	"sync"
	"time"
)

// clock is a clock on which time passes without waiting.
type clock struct {
	now func() time.Time

	mu      sync.Mutex
	skipped time.Duration
}

// Now is the time with all that was slept through.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.skipped)
}

// skip has d pass.
func (c *clock) skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped += d
}

// Sleep has d pass at once. It returns ctx's error where that has ended.
func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped += max(0, d)
	return ctx.Err()
}
