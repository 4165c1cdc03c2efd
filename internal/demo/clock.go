package demo

import (
	"context"
	"sync"
	"time"
)

// clock is a clock on which time passes without waiting. It stands, but for
// what is slept through, until it is let go: how fast a machine tells the story
// changes nothing in it.
type clock struct {
	real func() time.Time

	mu    sync.Mutex
	now   time.Time // while it stands
	ahead time.Duration
	runs  bool
}

// newClock returns a clock that stands at the time of the real one, at a whole
// second: what is recorded by the second is then as new as what is not.
func newClock(source func() time.Time) *clock {
	return &clock{real: source, now: source().Truncate(time.Second)}
}

// Now is the time with all that was slept through.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runs {
		return c.real().Add(c.ahead)
	}
	return c.now
}

// skip has d pass.
func (c *clock) skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.ahead = c.now.Add(d), c.ahead+d
}

// Sleep has d pass at once. It returns ctx's error where that has ended.
func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.skip(max(0, d))
	return ctx.Err()
}

// letGo has the clock run from where it stands.
func (c *clock) letGo() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead, c.runs = c.now.Sub(c.real()), true
}
