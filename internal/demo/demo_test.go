package demo

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoopback(t *testing.T) {
	tests := map[string]string{ // empty for an address that is refused
		"127.0.0.1:5000":     "127.0.0.1:5000",
		"127.0.0.9:0":        "127.0.0.9:0",
		"localhost:80":       "127.0.0.1:80",
		":80":                "",
		"0.0.0.0:80":         "",
		"10.0.0.1:80":        "",
		"[::1]:80":           "",
		"[::]:80":            "",
		"example.com:80":     "",
		"localhost":          "",
		"127.0.0.1:":         "",
		"127.0.0.1:-1":       "",
		"127.0.0.1:http":     "",
		"127.0.0.1:65536":    "",
		"127.0.0.1@evil:80":  "",
		"127.0.0.1.evil:80":  "",
		"localhost.evil.x:1": "",
	}
	for in, want := range tests {
		got, err := loopback(in)
		assert.Equal(t, want, got, in)
		if want == "" {
			require.ErrorIs(t, err, ErrAddress, in)
		} else {
			require.NoError(t, err, in)
		}
	}
}

func TestNobodyWaitsForTheClock(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	real := start
	c := newClock(func() time.Time { return real })
	require.NoError(t, c.Sleep(t.Context(), time.Hour))
	require.NoError(t, c.Sleep(t.Context(), -time.Hour))
	real = real.Add(time.Minute)
	assert.Equal(t, start.Add(time.Hour), c.Now(), "it stands")
	c.letGo()
	assert.Equal(t, start.Add(time.Hour), c.Now())
	real = real.Add(time.Minute)
	c.skip(time.Second)
	assert.Equal(t, start.Add(time.Hour+time.Minute+time.Second), c.Now(), "it runs")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Sleep(ctx, time.Hour), context.Canceled)
}

func TestBrief(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"one paragraph":  {"Nothing to change.\n", "Nothing to change.\n"},
		"several":        {"requests: 1\nStale:\n  a\n\nb\nc\n", "requests: 1\n…\nb\nc\n"},
		"no requests":    {"a\n\nb\n\nc\n", "…\nc\n"},
		"nothing at all": {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.want, string(brief([]byte(tt.in)))) })
	}
}

func TestPlain(t *testing.T) {
	got := plain("Moves `a`.\n\n| image | digest |\n|---|---|\n| `a` | `1` → `2` |\n\n**Where**\n\n* `Dockerfile`, line 1\n\n")
	assert.Equal(t, []string{"Moves a.", "", "image      a", "digest     1 → 2", "", "Where", "", "* Dockerfile, line 1"}, got)
}

func TestLoadIsBounded(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "empty"} {
		content := name
		if name == "empty" {
			content = ""
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	for name, tt := range map[string]struct {
		loader loader
		want   error
	}{
		"just enough":    {loader{files: 3, bytes: 2}, nil},
		"too many files": {loader{files: 2, bytes: 2}, errTooMuch},
		"too many bytes": {loader{files: 3, bytes: 1}, errTooMuch},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := tt.loader.folder(t.Context(), dir)
			require.ErrorIs(t, err, tt.want)
			if tt.want == nil {
				assert.Len(t, files, 3)
			}
		})
	}
}

func TestRepositoryName(t *testing.T) {
	for in, want := range map[string]string{"app": "app", "My_app.v2": "My_app.v2", "a b/ü": "a-b--"} {
		assert.Equal(t, want, repositoryName(in))
	}
}

func TestAWorldThatCannotStartLeavesNothing(t *testing.T) {
	w, err := StartWorld(t.Context(), WorldOptions{RegistryAddr: "localhost:0", GitHubAddr: "nowhere"})
	require.ErrorIs(t, err, ErrAddress)
	assert.Nil(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = StartWorld(ctx, WorldOptions{})
	require.ErrorIs(t, err, context.Canceled)
}
