//go:build unix

package local_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/local"
)

func change(name, old, new string) forge.Change {
	return forge.Change{Path: name, Blob: forge.BlobID([]byte(old)), Content: []byte(new)}
}

// contents reads every file below dir; nothing but what is expected is there.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		got[filepath.ToSlash(rel)] = string(content)
		return err
	}))
	return got
}

func TestWriteReplacesAndKeepsModeAndOwner(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "old a", "sub/b": "old b", "c": "c"})
	require.NoError(t, os.Chmod(filepath.Join(dir, "a"), 0o444))
	require.NoError(t, os.Chmod(filepath.Join(dir, "sub", "b"), 0o755))
	if os.Getuid() == 0 {
		require.NoError(t, os.Chown(filepath.Join(dir, "a"), 1234, 2345))
	}
	before, err := os.Stat(filepath.Join(dir, "a"))
	require.NoError(t, err)

	require.NoError(t, local.Repository{Dir: dir}.Write(t.Context(),
		[]forge.Change{change("a", "old a", "new a"), change("sub/b", "old b", "")}))
	assert.Equal(t, map[string]string{"a": "new a", "sub/b": "", "c": "c"}, contents(t, dir))
	after, err := os.Stat(filepath.Join(dir, "a"))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o444), after.Mode())
	assert.Equal(t, before.Sys().(*syscall.Stat_t).Uid, after.Sys().(*syscall.Stat_t).Uid)
	assert.Equal(t, before.Sys().(*syscall.Stat_t).Gid, after.Sys().(*syscall.Stat_t).Gid)
	b, err := os.Stat(filepath.Join(dir, "sub", "b"))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o755), b.Mode())
}

func TestWriteRefusesAllWhereOneIsStale(t *testing.T) {
	files := map[string]string{"a": "a", "b": "changed meanwhile"}
	tests := map[string]struct {
		second forge.Change
		want   local.StaleError
	}{
		"changed": {change("b", "b", "new"), local.StaleError{Path: "b", Want: forge.BlobID([]byte("b")), Got: forge.BlobID([]byte("changed meanwhile"))}},
		"gone":    {change("no/b", "b", "new"), local.StaleError{Path: "no/b", Want: forge.BlobID([]byte("b"))}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, files)
			err := local.Repository{Dir: dir}.Write(t.Context(), []forge.Change{change("a", "a", "new"), tt.second})
			var stale *local.StaleError
			require.ErrorAs(t, err, &stale)
			assert.Equal(t, tt.want, *stale)
			assert.Contains(t, err.Error(), "run basekeeper plan again")
			assert.Equal(t, files, contents(t, dir))
		})
	}
}

func TestWriteChangesTheFileBehindALink(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"real/base.txt": "old"})
	name := filepath.Join(dir, "sub", "Dockerfile")
	link(t, "../real/base.txt", name)
	require.NoError(t, local.Repository{Dir: dir}.Write(t.Context(), []forge.Change{change("sub/Dockerfile", "old", "new")}))
	target, err := os.Readlink(name)
	require.NoError(t, err)
	assert.Equal(t, "../real/base.txt", target)
	assert.Equal(t, map[string]string{"real/base.txt": "new", "sub/Dockerfile": "new"}, contents(t, dir))

	err = local.Repository{Dir: dir}.Write(t.Context(),
		[]forge.Change{change("sub/Dockerfile", "new", "1"), change("real/base.txt", "new", "2")})
	require.ErrorIs(t, err, fs.ErrInvalid, "the same file twice")
}

func TestWriteBreaksHardLinks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "old"})
	require.NoError(t, os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "b")))
	require.NoError(t, local.Repository{Dir: dir}.Write(t.Context(), []forge.Change{change("a", "old", "new")}))
	assert.Equal(t, map[string]string{"a": "new", "b": "old"}, contents(t, dir))
}

func TestWriteStaysInside(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, map[string]string{"f": "x"})
	dir := t.TempDir()
	newGit(t, dir, map[string]string{"ok": "x", "big": string(make([]byte, local.MaxFileSize+1)), ".git/f": "x"})
	link(t, filepath.Join(outside, "f"), filepath.Join(dir, "out"))
	link(t, outside, filepath.Join(dir, "outdir"))
	for name, want := range map[string]error{
		"out": local.ErrOutside, "outdir/f": local.ErrOutside, "../f": fs.ErrInvalid, ".git/f": fs.ErrInvalid, "big": local.ErrTooLarge,
	} {
		err := local.Repository{Dir: dir}.Write(t.Context(), []forge.Change{change("ok", "x", "y"), change(name, "x", "y")})
		require.ErrorIs(t, err, want, name)
	}
	assert.Equal(t, map[string]string{"f": "x"}, contents(t, outside))
	ok, err := local.Repository{Dir: dir}.Read("ok")
	require.NoError(t, err)
	assert.Equal(t, "x", string(ok))
}
