// Command basekeeper keeps the base images that Dockerfiles pin up to date.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
	_ "time/tzdata" // the container has no time zones, and schedules name them

	"golang.org/x/term"

	"github.com/basekeeper/basekeeper/internal/cli"
)

// memoryLimit is where the garbage collector begins to work harder, in bytes: a
// run over 10,000 repositories with an open pull request in each then stays
// below 256 MiB. It is no bound; GOMEMLIMIT sets another.
const memoryLimit = 208 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, cli.Env{
		Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Now: time.Now, Terminal: term.IsTerminal(int(os.Stderr.Fd())),
	})
	stop()
	os.Exit(code)
}
