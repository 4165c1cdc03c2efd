package cache_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// read scans a Dockerfile that has everything that a use can have.
func read(t *testing.T) cache.Head {
	t.Helper()
	content := fmt.Sprintf("# syntax=docker/dockerfile:1\nARG NOTHING\nARG D=%s\nFROM --platform=linux/amd64 debian:12@%s AS build\n"+
		"# basekeeper: tag=3\nFROM alpine@${D} AS x\n# basekeeper: ignore\nCOPY --from=busybox /a /b\nFROM $NOTHING\nONBUILD RUN --mount=type=bind,from=redis:7,target=/r true\n", d(1), d(2))
	occurrences, problems := scan.File(scan.Source{Path: "Dockerfile", Blob: "b1", Mode: "100755", Content: []byte(content)})
	require.Empty(t, problems)
	require.Len(t, occurrences, 6)
	return cache.Head{
		Commit: "c1", Reader: "r1", ConfigName: ".basekeeper.yaml", Config: []byte("pin: true\n"),
		Occurrences: occurrences, Problems: []scan.Problem{{Path: "x/Dockerfile", Line: 3, Message: "bad"}},
	}
}

func TestHeadIsRememberedForItsCommitAndReader(t *testing.T) {
	path := file(t)
	c := open(t, path, now)
	put := read(t)
	c.PutHead("acme/app", "main", put)
	require.NoError(t, c.Save())

	c = open(t, path, now)
	got, ok := c.Head("acme/app", "main", "c1", "r1")
	require.True(t, ok)
	assert.Equal(t, put.Config, got.Config)
	assert.Equal(t, put.ConfigName, got.ConfigName)
	assert.Equal(t, put.Problems, got.Problems)
	policy := same("pin: true")
	assert.Equal(t, decided(put, policy), decided(got, policy), "plans see no difference")
	for name, other := range map[string][4]string{
		"another commit":     {"acme/app", "main", "c2", "r1"},
		"another reader":     {"acme/app", "main", "c1", "r2"},
		"another branch":     {"acme/app", "dev", "c1", "r1"},
		"another repository": {"acme/app2", "main", "c1", "r1"},
	} {
		_, ok := c.Head(other[0], other[1], other[2], other[3])
		assert.False(t, ok, name)
	}
}

func TestHeadOfABranchReplacesTheOneBefore(t *testing.T) {
	path := file(t)
	c := open(t, path, now)
	h := read(t)
	c.PutHead("acme/app", "main", h)
	require.NoError(t, c.Save())
	h.Commit = "c2"
	c.PutHead("acme/app", "main", h)
	require.NoError(t, c.Save())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(content), `"commit":`))
	assert.Contains(t, string(content), `"commit":"c2"`)
}

func TestHeadsOfTwoRunsAreMergedAndExpire(t *testing.T) {
	path := file(t)
	one, two := open(t, path, now), open(t, path, now)
	one.PutHead("acme/one", "main", read(t))
	two.PutHead("acme/two", "main", read(t))
	require.NoError(t, one.Save())
	require.NoError(t, two.Save())
	c := open(t, path, now)
	_, first := c.Head("acme/one", "main", "c1", "r1")
	_, second := c.Head("acme/two", "main", "c1", "r1")
	assert.True(t, first && second)

	c = open(t, path, now.AddDate(0, 0, 100))
	require.NoError(t, c.Save())
	c = open(t, path, now)
	_, first = c.Head("acme/one", "main", "c1", "r1")
	assert.False(t, first)
}

func TestDamagedHeadIsDropped(t *testing.T) {
	path := file(t)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(`{"version":1,"heads":{"a/b#main":{"used":"2026-02-28","commit":"c1","reader":"r1","files":[{"path":"Dockerfile","uses":[{"ref":"NOT a ref"}]}]},"a/c#main":null}}`), 0o600))
	c := open(t, path, now)
	assert.Empty(t, c.Lost())
	_, ok := c.Head("a/b", "main", "c1", "r1")
	assert.False(t, ok)
}

// decided is what a plan makes of a head when nothing could be resolved, and
// which tags it would ask for.
func decided(h cache.Head, policy plan.PolicyFunc) []any {
	p := plan.Decide(plan.Facts{Occurrences: h.Occurrences, Policy: policy, Now: now})
	return []any{p, plan.Wanted(h.Occurrences, policy)}
}

func same(yaml string) plan.PolicyFunc {
	c, err := config.Parse("", []byte(yaml))
	if err != nil {
		panic(err)
	}
	return func(_ string, ref image.Reference) config.Policy { return c.Policy(ref) }
}
