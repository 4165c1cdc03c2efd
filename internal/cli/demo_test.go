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
	"github.com/basekeeper/basekeeper/internal/forge"
)

var update = flag.Bool("update", false, "write golden files")

var (
	ports  = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	spaces = regexp.MustCompile(` {2,}`) // columns are as wide as ports
)

// demoForges are those that the story is told on, and what it says of them.
var demoForges = []struct {
	flavor       forge.Flavor
	args         []string
	golden       string
	export, flag string // how a player gets at it
}{
	{forge.GitHub, nil, "demo.golden", `export GITHUB_API_URL=http://127\.0\.0\.1:\d+ GITHUB_TOKEN=sandbox-token`, "--organization"},
	{forge.GitLab, []string{"--forge", "gitlab"}, "demo-gitlab.golden", `export CI_SERVER_URL=http://127\.0\.0\.1:\d+ GITLAB_TOKEN=sandbox-token`, "--group"},
}

func TestDemoTellsItsStory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, tt := range demoForges {
		t.Run(tt.flavor.String(), func(t *testing.T) {
			code, stdout, stderr := newProgram(t).run(t.Context(), append([]string{"demo"}, tt.args...)...)
			require.Equal(t, 0, code, "%s\n%s", stdout, stderr)
			require.Empty(t, stderr)
			got := spaces.ReplaceAllString(ports.ReplaceAllString(stdout, "127.0.0.1:PORT"), "  ")
			golden := filepath.Join("testdata", tt.golden)
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err, "run go test -update, then read the diff")
			assert.Equal(t, string(want), got)
			for line := range strings.Lines(stdout) {
				assert.LessOrEqual(t, len([]rune(line)), 180, "too wide: %s", line)
			}
		})
	}
}

func TestDemoKnowsItsForges(t *testing.T) {
	code, stdout, stderr := newProgram(t).run(t.Context(), "demo", "--forge", "gitea")
	assert.Equal(t, 2, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "basekeeper: --forge gitea: want github or gitlab\n")
}

// What a machine takes over a step is no part of the story: here it is hours.
func TestDemoOnASlowMachine(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, tt := range demoForges {
		t.Run(tt.flavor.String(), func(t *testing.T) {
			var asked atomic.Int64
			require.NoError(t, demo.Run(t.Context(), demo.Options{
				Flavor: tt.flavor, Out: io.Discard, Run: runCommand,
				Now: func() time.Time { return time.Unix(1_800_000_000, 0).Add(time.Duration(asked.Add(1)) * time.Hour) },
			}))
		})
	}
}

// runCommand runs a command as the program does.
func runCommand(ctx context.Context, c demo.Command) int {
	return cli.Main(ctx, cli.Env{Args: c.Args, Stdout: c.Out, Stderr: c.Out, Getenv: c.Getenv, Now: c.Now, Sleep: c.Sleep})
}

// spoiledDemo tells the story with its nth command left out, though it ends
// well, and returns that command.
func spoiledDemo(t *testing.T, flavor forge.Flavor, n int) (spoiled []string, err error) {
	t.Helper()
	p := newProgram(t)
	at := 0
	err = demo.Run(t.Context(), demo.Options{
		Flavor: flavor, Out: io.Discard, Now: func() time.Time { return p.now },
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
	for _, tt := range demoForges {
		t.Run(tt.flavor.String(), func(t *testing.T) {
			for n, command := range changes {
				spoiled, err := spoiledDemo(t, tt.flavor, n)
				require.NotEmpty(t, spoiled, "there is no command %d", n)
				require.Equal(t, command, spoiled[0], "command %d", n)
				assert.ErrorContains(t, err, "the demo expects", "command %d, %q, was not run", n, spoiled)
			}
		})
	}
}

func TestDemoEndsWithItsReader(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, tt := range demoForges {
		for _, n := range []int{0, 1, 20, 60} {
			w := &brokenAfter{left: n}
			err := demo.Run(t.Context(), demo.Options{
				Flavor: tt.flavor, Out: w, Now: time.Now,
				Run: runCommand,
			})
			require.ErrorIs(t, err, io.ErrClosedPipe, "%s, write %d", tt.flavor, n)
		}
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// playable tells the story until its player has had enough, and returns what
// it said that one may play.
func playable(t *testing.T, flavor forge.Flavor) (played []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := writerFunc(func(p []byte) {
		if !bytes.Contains(p, []byte("until you press Ctrl-C")) {
			return
		}
		assert.Contains(t, string(p), "Registry and "+flavor.String()+" run")
		for line := range strings.Lines(string(p)) {
			if command, ok := strings.CutPrefix(line, "#   "); ok {
				played = append(played, strings.TrimSpace(command))
			}
		}
		cancel()
	})
	require.NoError(t, demo.Run(ctx, demo.Options{
		Flavor: flavor, Out: w, Now: time.Now, Keep: true, Wait: true,
		Run: runCommand,
	}))
	return played
}

func TestDemoGoesOnForItsPlayer(t *testing.T) {
	for _, tt := range demoForges {
		t.Run(tt.flavor.String(), func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			played := playable(t, tt.flavor)
			left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "basekeeper-demo-*"))
			require.NoError(t, err)
			require.Len(t, left, 1)
			require.Len(t, played, 3)
			assert.Equal(t, "cd "+left[0]+" && basekeeper check", played[0])
			assert.Regexp(t, "^"+tt.export+"$", played[1])
			assert.Equal(t, "basekeeper check "+tt.flag+" acme --config "+filepath.Join(left[0], ".basekeeper.yaml"), played[2])
			assert.FileExists(t, filepath.Join(left[0], ".basekeeper.yaml"))
		})
	}
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
