// Command clocked is basekeeper with a clock that tests set, by the variable
// BASEKEEPER_TEST_NOW, and without the waiting between attempts. Tests that
// start many processes build it, since a test's own program, with the race
// detector in it, takes several times as long to start.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/basekeeper/basekeeper/internal/cli"
)

func main() {
	now, err := time.Parse(time.RFC3339, os.Getenv("BASEKEEPER_TEST_NOW"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "clocked: BASEKEEPER_TEST_NOW:", err)
		os.Exit(2)
	}
	os.Exit(cli.Main(context.Background(), cli.Env{
		Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv,
		Now:   func() time.Time { return now },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}))
}
