package cli_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
	"github.com/basekeeper/basekeeper/internal/demo"
)

var update = flag.Bool("update", false, "write golden files")

var (
	ports  = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	spaces = regexp.MustCompile(` {2,}`) // columns are as wide as ports
)

func TestDemoTellsItsStory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	code, stdout, stderr := newProgram(t).run(t.Context(), "demo")
	require.Equal(t, 0, code, "%s\n%s", stdout, stderr)
	require.Empty(t, stderr)
	got := spaces.ReplaceAllString(ports.ReplaceAllString(stdout, "127.0.0.1:PORT"), "  ")
	golden := filepath.Join("testdata", "demo.golden")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "run go test -update, then read the diff")
	assert.Equal(t, string(want), got)
	for line := range strings.Lines(stdout) {
		assert.LessOrEqual(t, len([]rune(line)), 180, "too wide: %s", line)
	}
}

// What a machine takes over a step is no part of the story: here it is hours.
func TestDemoOnASlowMachine(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var asked atomic.Int64
	require.NoError(t, demo.Run(t.Context(), demo.Options{
		Out: io.Discard, Run: runCommand,
		Now: func() time.Time { return time.Unix(1_800_000_000, 0).Add(time.Duration(asked.Add(1)) * time.Hour) },
	}))
}

// runCommand runs a command as the program does.
func runCommand(ctx context.Context, c demo.Command) int {
	return cli.Main(ctx, cli.Env{Args: c.Args, Stdout: c.Out, Stderr: c.Out, Getenv: c.Getenv, Now: c.Now, Sleep: c.Sleep})
}

// spoiledDemo tells the story with its nth command left out, though it ends
// well, and returns that command.
func spoiledDemo(t *testing.T, n int) (spoiled []string, err error) {
	t.Helper()
	p := newProgram(t)
	at := 0
	err = demo.Run(t.Context(), demo.Options{
		Out: io.Discard, Now: func() time.Time { return p.now },
		Run: func(ctx context.Context, c demo.Command) int {
			if at++; at == n {
				spoiled = c.Args
				return 0
			}
			return runCommand(ctx, c)
		},
	})
	return spoiled, err
}

func TestDemoShowsNothingThatIsNotSo(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	// What the commands are to change, by their place in the story. The others
	// are there to change nothing.
	changes := map[int]string{1: "check", 2: "plan", 3: "apply", 6: "bump", 8: "bump", 9: "bump", 12: "bump"}
	for n, command := range changes {
		spoiled, err := spoiledDemo(t, n)
		require.NotEmpty(t, spoiled, "there is no command %d", n)
		require.Equal(t, command, spoiled[0], "command %d", n)
		assert.ErrorContains(t, err, "the demo expects", "command %d, %q, was not run", n, spoiled)
	}
}

func TestDemoEndsWithItsReader(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, n := range []int{0, 1, 20, 60} {
		w := &brokenAfter{left: n}
		err := demo.Run(t.Context(), demo.Options{
			Out: w, Now: time.Now,
			Run: runCommand,
		})
		require.ErrorIs(t, err, io.ErrClosedPipe, "write %d", n)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestDemoGoesOnForItsPlayer(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var played []string
	w := writerFunc(func(p []byte) {
		if !bytes.Contains(p, []byte("until you press Ctrl-C")) {
			return
		}
		for line := range strings.Lines(string(p)) {
			if command, ok := strings.CutPrefix(line, "#   "); ok {
				played = append(played, strings.TrimSpace(command))
			}
		}
		cancel()
	})
	require.NoError(t, demo.Run(ctx, demo.Options{
		Out: w, Now: time.Now, Keep: true, Wait: true,
		Run: runCommand,
	}))
	left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "basekeeper-demo-*"))
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Len(t, played, 3)
	assert.Equal(t, "cd "+left[0]+" && basekeeper check", played[0])
	assert.Regexp(t, `^export GITHUB_API_URL=http://127\.0\.0\.1:\d+ GITHUB_TOKEN=sandbox-token$`, played[1])
	assert.Equal(t, "basekeeper check --organization acme --config "+filepath.Join(left[0], ".basekeeper.yaml"), played[2])
	assert.FileExists(t, filepath.Join(left[0], ".basekeeper.yaml"))
}

// writerFunc sees all that is written.
type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

// brokenAfter takes so many writes.
type brokenAfter struct {
	bytes.Buffer
	left int
}

func (w *brokenAfter) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return w.Buffer.Write(p)
}
