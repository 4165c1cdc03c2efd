// Command hurried is basekeeper for measurements: a wait that GitHub's limits
// ask for moves its clock, and takes no time.
package main

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/cli"
)

// clock is the system's, and what was not waited for.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	return ctx.Err()
}

func main() {
	var c clock
	os.Exit(cli.Main(context.Background(), cli.Env{
		Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Now: c.now, Sleep: c.sleep,
	}))
}
