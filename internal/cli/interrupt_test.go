package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
	"github.com/basekeeper/basekeeper/internal/image"
)

// scene is repositories that are all stale.
type scene struct {
	*stage
	dir      string
	old, new image.Digest
	files    []string
}

func newScene(t *testing.T, repositories, filesEach int) *scene {
	t.Helper()
	s, end, err := newStage(t.Context())
	require.NoError(t, err)
	t.Cleanup(end)
	sc := &scene{stage: s, dir: t.TempDir()}
	sc.old, err = s.publish(t.Context(), "debian:12", "one", "linux/amd64", "linux/arm64")
	require.NoError(t, err)
	sc.new, err = s.publish(t.Context(), "debian:12", "two", "linux/amd64", "linux/arm64")
	require.NoError(t, err)
	for i := range repositories {
		repo := fmt.Sprintf("r%02d", i)
		writeTo(sc.dir, repo+"/.git/HEAD", "ref: refs/heads/main\n")
		for _, d := range []string{"objects", "refs"} {
			require.NoError(t, os.MkdirAll(filepath.Join(sc.dir, repo, ".git", d), 0o755))
		}
		for j := range filesEach {
			file := fmt.Sprintf("%s/%d/Dockerfile", repo, j)
			writeTo(sc.dir, file, sc.content(sc.old))
			sc.files = append(sc.files, file)
		}
	}
	return sc
}

func (s *scene) content(d image.Digest) string {
	return fmt.Sprintf("FROM %s/debian:12@%s\r\nRUN echo last", s.host, d)
}

// whole checks that every file has its old or its new content, and that
// nothing else was left; it returns how many are new.
func (s *scene) whole(t *testing.T) int {
	t.Helper()
	done := 0
	for _, file := range s.files {
		content, err := os.ReadFile(filepath.Join(s.dir, file))
		require.NoError(t, err)
		if assert.Contains(t, []string{s.content(s.old), s.content(s.new)}, string(content), file) && string(content) == s.content(s.new) {
			done++
		}
	}
	require.NoError(t, filepath.WalkDir(s.dir, func(path string, _ os.DirEntry, err error) error {
		assert.False(t, strings.HasPrefix(filepath.Base(path), ".basekeeper-"), path)
		return err
	}))
	return done
}

// cancelAfter is a context that ends after it has been looked at n times, so
// that a run is interrupted at every point in turn.
type cancelAfter struct {
	context.Context
	cancel context.CancelFunc
	n      atomic.Int64
}

func newCancelAfter(ctx context.Context, n int) *cancelAfter {
	c := &cancelAfter{}
	c.Context, c.cancel = context.WithCancel(ctx)
	c.n.Store(int64(n))
	return c
}

func (c *cancelAfter) Err() error {
	if c.n.Add(-1) < 0 {
		c.cancel()
	}
	return c.Context.Err()
}

func TestInterruptedApplyLeavesEveryFileWhole(t *testing.T) {
	s := newScene(t, 3, 3)
	p := newProgram(t)
	file := filepath.Join(t.TempDir(), "plan.json")
	code, _, stderr := p.run(t.Context(), "plan", "-o", file, s.dir)
	require.Equal(t, 0, code, stderr)

	statuses := map[int]bool{}
	last := 0
	for n := range 2000 {
		ctx := newCancelAfter(t.Context(), n)
		code, _, stderr := p.run(ctx, "apply", file)
		ctx.cancel()
		statuses[code] = true
		done := s.whole(t)
		require.GreaterOrEqual(t, done, last, "what is done stays done")
		last = done
		if code == 0 {
			break
		}
		require.NotEmpty(t, stderr)
		if t.Failed() {
			return
		}
	}
	assert.Equal(t, len(s.files), last, "in the end it is done")
	assert.True(t, statuses[1], "an interrupted run fails")
}

func TestInterruptedBumpSaysSo(t *testing.T) {
	s := newScene(t, 1, 1)
	s.fail("500", "/v2/debian")
	ctx, cancel := context.WithCancel(t.Context())
	p := newProgram(t)
	p.wait = func(ctx context.Context, _ time.Duration) error {
		cancel() // Ctrl-C while it waits for the registry
		<-ctx.Done()
		return ctx.Err()
	}
	code, stdout, stderr := p.run(ctx, "bump", "--cache", "none", s.dir)
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.Equal(t, "basekeeper: interrupted\n", stderr)
	assert.Zero(t, s.whole(t))
}

func TestProgressIsForTerminals(t *testing.T) {
	s := newScene(t, 1, 1)
	var out, errs bytes.Buffer
	code := cli.Main(t.Context(), cli.Env{
		Args: []string{"check", "--cache", "none", s.dir}, Stdout: &out, Stderr: &errs, Terminal: true,
		Getenv: func(string) string { return "" }, Now: time.Now, Sleep: noSleep,
	})
	assert.Equal(t, 0, code)
	assert.Contains(t, errs.String(), "asking registries")
	assert.NotContains(t, out.String(), "asking registries")

	_, stdout, stderr := newProgram(t).run(t.Context(), "check", "--cache", "none", s.dir)
	assert.NotContains(t, stdout+stderr, "asking registries")
	assert.Equal(t, out.String(), stdout)
}
