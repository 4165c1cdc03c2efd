package local_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge/local"
)

func TestDiscoverOneRepository(t *testing.T) {
	dir := realTemp(t)
	newGit(t, dir, map[string]string{"a/b/Dockerfile": "", ".github/x": ""})
	newGit(t, filepath.Join(dir, "a", "inner"), nil)
	link(t, dir, filepath.Join(realTemp(t), "link"))
	for given, scope := range map[string]string{"": "", "a": "a", "a/b": "a/b", ".github": ".github"} {
		got, err := local.Discover(t.Context(), []string{filepath.Join(dir, given)})
		require.NoError(t, err)
		assert.Equal(t, []local.Repository{{Name: ".", Dir: dir, Scope: scope}}, got)
	}
	through := filepath.Join(realTemp(t), "link")
	link(t, filepath.Join(dir, "a"), through)
	got, err := local.Discover(t.Context(), []string{through})
	require.NoError(t, err)
	assert.Equal(t, []local.Repository{{Name: ".", Dir: dir, Scope: "a"}}, got)
}

func TestDiscoverAFolderOfRepositories(t *testing.T) {
	dir := realTemp(t)
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	newGit(t, at("team/b"), map[string]string{".gitignore": "cache\n"})
	newGit(t, at("team/b/vendor/c"), nil)
	newGit(t, at("team/b/cache/d"), nil)
	newGit(t, at("a"), nil)
	got, err := local.Discover(t.Context(), []string{dir})
	require.NoError(t, err)
	want := []local.Repository{
		{Name: "a", Dir: at("a")},
		{Name: "team/b", Dir: at("team/b")},
		{Name: "team/b/vendor/c", Dir: at("team/b/vendor/c")},
	}
	assert.Equal(t, want, got)

	write(t, dir, map[string]string{"team/Dockerfile": ""})
	got, err = local.Discover(t.Context(), []string{dir})
	require.NoError(t, err)
	assert.Equal(t, append([]local.Repository{{Name: ".", Dir: dir}}, want...), got)
	files, _ := paths(t, got[0], local.WalkOptions{})
	assert.Equal(t, []string{"team/Dockerfile"}, files)
}

func TestDiscoverAPlainDirectory(t *testing.T) {
	dir := realTemp(t)
	got, err := local.Discover(t.Context(), []string{dir})
	require.NoError(t, err)
	assert.Equal(t, []local.Repository{{Name: ".", Dir: dir}}, got)
}

func TestDiscoverSeveralDirectories(t *testing.T) {
	dir := realTemp(t)
	t.Chdir(dir)
	newGit(t, "one", map[string]string{"x/y/": "", "z/": ""})
	newGit(t, "folder/two", nil)
	write(t, dir, map[string]string{"plain/sub/Dockerfile": ""})
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }

	got, err := local.Discover(t.Context(), []string{"one/x/y", "one/z", "folder", "folder/two", "plain/sub", "plain", "one/x"})
	require.NoError(t, err)
	assert.Equal(t, []local.Repository{
		{Name: "one", Dir: at("one"), Scope: "z"},
		{Name: "folder/two", Dir: at("folder/two")},
		{Name: "plain", Dir: at("plain")},
		{Name: "one", Dir: at("one"), Scope: "x"},
	}, got)
}

func TestDiscoverNamesWhatIsNoDirectory(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	_, err := local.Discover(t.Context(), []string{filepath.Join(dir, "none")})
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "find repositories in "+dir)
	_, err = local.Discover(t.Context(), []string{filepath.Join(dir, "file")})
	assert.ErrorContains(t, err, "not a directory")
}
