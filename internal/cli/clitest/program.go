package clitest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
)

// Start is what the clock of a new program says.
var Start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// Program runs commands in this process, with an environment and a clock of its
// own, which stands still until it is set.
type Program struct {
	Env  map[string]string
	Now  time.Time
	Wait func(context.Context, time.Duration) error // between attempts
}

// NewProgram returns a program whose HOME is empty and that never waits.
func NewProgram(t testing.TB) *Program {
	t.Helper()
	return &Program{Env: map[string]string{"HOME": t.TempDir()}, Now: Start, Wait: NoWait}
}

// Ran is what a command said, and the status that it ended with.
type Ran struct {
	Status      int
	Out, Errors string
}

// Run runs a command.
func (p *Program) Run(ctx context.Context, args ...string) Ran {
	var out, errs bytes.Buffer
	status := cli.Main(ctx, cli.Env{
		Args: args, Stdout: &out, Stderr: &errs, Sleep: p.Wait,
		Getenv: func(name string) string { return p.Env[name] }, Now: func() time.Time { return p.Now },
	})
	return Ran{status, out.String(), errs.String()}
}

// NoWait is a wait that is over at once.
func NoWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// WriteFile writes a file under dir, and the folders that it is in.
func WriteFile(t testing.TB, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}
