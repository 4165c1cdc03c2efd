package demo

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
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
	real := start.Add(time.Millisecond)
	c := newClock(func() time.Time { return real })
	require.NoError(t, c.Sleep(t.Context(), time.Hour))
	require.NoError(t, c.Sleep(t.Context(), -time.Hour))
	real = real.Add(time.Minute)
	assert.Equal(t, start.Add(time.Hour), c.Now(), "it stands, at a whole second")
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
	for _, flavor := range []forge.Flavor{forge.GitHub, forge.GitLab} {
		t.Run(flavor.String(), func(t *testing.T) {
			w, err := StartWorld(t.Context(), WorldOptions{Flavor: flavor, RegistryAddr: "localhost:0", ForgeAddr: "nowhere"})
			require.ErrorIs(t, err, ErrAddress)
			require.ErrorContains(t, err, "start "+flavor.String()+": ")
			assert.Nil(t, w)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err = StartWorld(ctx, WorldOptions{Flavor: flavor})
			require.ErrorIs(t, err, context.Canceled)
		})
	}
}

// What people do is the same on each forge, and is shown by the same words.
func TestPeopleOnEachForge(t *testing.T) {
	for _, flavor := range []forge.Flavor{forge.GitHub, forge.GitLab} {
		t.Run(flavor.String(), func(t *testing.T) {
			s := newSite(WorldOptions{Flavor: flavor})
			require.NoError(t, s.create("acme/app", repositoryOptions{}, git.File{Path: "Dockerfile", Content: []byte("FROM scratch\n")}))
			require.NoError(t, s.create("acme/fork", repositoryOptions{forkOf: "acme/app"}, git.File{Path: "Dockerfile", Content: []byte("FROM scratch\n")}))
			require.NoError(t, s.create("acme/old", repositoryOptions{archived: true}))
			require.NoError(t, s.create("acme/none", repositoryOptions{empty: true}))
			commit, err := s.Push("acme/app", "topic", "bob", "Tune it", git.File{Path: "my.cnf", Content: []byte("x")})
			require.NoError(t, err)
			propose(t, s, "acme/app", "topic")
			want := pull{number: 1, state: "OPEN", title: "Tune", body: "why", author: "bob", head: "topic", headID: commit, files: []string{"my.cnf"}}
			states := []struct {
				do   func(string, int, string) error
				want string
			}{{s.close, "CLOSED"}, {s.reopen, "OPEN"}, {s.merge, "MERGED"}}
			require.Equal(t, []pull{want}, s.pulls("acme/app"))
			for _, step := range states {
				require.NoError(t, step.do("acme/app", 1, "ada"))
				want.state = step.want
				require.Equal(t, []pull{want}, s.pulls("acme/app"))
			}
			for _, repository := range []string{"acme/app", "acme/fork"} {
				content, err := s.File(repository, "main", "Dockerfile")
				require.NoError(t, err)
				assert.Equal(t, "FROM scratch\n", string(content))
			}
			_, err = s.File("acme/none", "main", "Dockerfile")
			assert.ErrorIs(t, err, git.ErrNotFound)
		})
	}
}

// propose opens a pull or merge request as bob.
func propose(t *testing.T, s site, repository, branch string) {
	t.Helper()
	var err error
	switch s := s.(type) {
	case onGitHub:
		_, err = s.OpenPull(repository, "bob", branch, "main", "Tune", "why")
	case onGitLab:
		_, err = s.OpenMergeRequest(repository, "bob", branch, "main", "Tune", "why")
	}
	require.NoError(t, err)
}

func TestFullNames(t *testing.T) {
	for flavor, want := range map[forge.Flavor][]string{
		forge.GitHub: {"acme/shop", "acme/attic", "acme/other", "/repos/acme/shop/pulls/2/merge"},
		forge.GitLab: {"acme/apps/shop", "acme/attic", "acme/other", "/api/v4/projects/acme%2Fapps%2Fshop/merge_requests/2/merge"},
	} {
		w := &World{flavor: flavor}
		assert.Equal(t, want, []string{w.full("shop"), w.full("attic"), w.full("other"), w.MergePath("shop", 2)})
	}
}
