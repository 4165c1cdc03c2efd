//go:build unix

package local_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/local"
)

// dockerfiles stands for the matcher of package scan.
func dockerfiles(name string) bool { return strings.HasPrefix(path.Base(name), "Dockerfile") }

func TestFilesGivesContentAndBlob(t *testing.T) {
	dir := t.TempDir()
	newGit(t, dir, map[string]string{"Dockerfile": "FROM a\r\n\xff"})
	var got []forge.File
	require.NoError(t, local.Repository{Dir: dir}.Files(t.Context(), local.WalkOptions{}, func(f forge.File) error {
		got = append(got, f)
		return nil
	}))
	blob := strings.TrimSpace(git(t, dir, "hash-object", "--no-filters", "Dockerfile"))
	assert.Equal(t, []forge.File{{Path: "Dockerfile", Content: []byte("FROM a\r\n\xff"), Blob: blob}}, got)
}

func TestFilesInLexicalOrderOfPaths(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a/b": "", "a.b": "", "ab": "", "a-b": "", "a/a/z": "", "B": ""})
	got, _ := paths(t, local.Repository{Dir: dir}, local.WalkOptions{})
	assert.Equal(t, []string{"B", "a-b", "a.b", "a/a/z", "a/b", "ab"}, got)
}

func TestFilesMatchesAndExcludes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"Dockerfile": "", "README": "", "old/Dockerfile": "", "new/Dockerfile": "", "new/Dockerfile.no": ""})
	got, problems := paths(t, local.Repository{Dir: dir}, local.WalkOptions{
		Match:   dockerfiles,
		Exclude: func(p string) bool { return p == "old" || p == "new/Dockerfile.no" },
	})
	assert.Equal(t, []string{"Dockerfile", "new/Dockerfile"}, got)
	assert.Empty(t, problems)
}

func TestFilesLeavesNestedRepositoriesAlone(t *testing.T) {
	dir := t.TempDir()
	newGit(t, filepath.Join(dir, "library"), map[string]string{"Dockerfile": ""})
	git(t, filepath.Join(dir, "library"), "add", ".")
	git(t, filepath.Join(dir, "library"), "commit", "-qm", "x")
	top := filepath.Join(dir, "top")
	newGit(t, top, map[string]string{"Dockerfile": "", "empty/.git/": "", "empty/Dockerfile": ""})
	newGit(t, filepath.Join(top, "clone"), map[string]string{"Dockerfile": ""})
	git(t, top, "submodule", "--quiet", "add", filepath.Join(dir, "library"), "module")
	git(t, top, "commit", "-qm", "x")
	git(t, top, "worktree", "add", "-q", "tree")

	got, problems := paths(t, local.Repository{Dir: top}, local.WalkOptions{Match: dockerfiles})
	assert.Equal(t, []string{"Dockerfile", "empty/Dockerfile"}, got, "an empty .git makes no repository")
	assert.Empty(t, problems)

	write(t, top, map[string]string{"tree/Dockerfile": "", "tree/ignored/Dockerfile": "", "tree/.gitignore": "ignored"})
	git(t, filepath.Join(top, "tree"), "add", "-f", "ignored")
	write(t, top, map[string]string{".git/info/exclude": "Dockerfile"})
	got, problems = paths(t, local.Repository{Dir: filepath.Join(top, "tree")}, local.WalkOptions{Match: dockerfiles})
	assert.Equal(t, []string{"ignored/Dockerfile"}, got, "index of the work tree, info/exclude of the repository")
	assert.Empty(t, problems)
}

func TestFilesFollowsLinksInsideOnly(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, map[string]string{"Dockerfile": "secret"})
	dir := t.TempDir()
	newGit(t, dir, map[string]string{
		".gitignore": "ignored\n", "Dockerfile": "", "base.txt": "FROM a", "ignored/Dockerfile": "FROM b",
		"real/Dockerfile": "", "sub/deep/": "",
	})
	newGit(t, filepath.Join(dir, "other"), map[string]string{"file": ""})
	for name, target := range map[string]string{
		"Dockerfile.base":     "base.txt",                                  // read under this path
		"Dockerfile.again":    "./sub/../base.txt",                         // this comes first
		"Dockerfile.found":    "real/Dockerfile",                           // found by the walk
		"Dockerfile.dirlink":  "reallink/Dockerfile",                       // the same
		"Dockerfile.ignored":  "ignored/Dockerfile",                        // the walk does not find it
		"Dockerfile.chain":    "chain",                                     // leads to Dockerfile
		"chain":               "Dockerfile",                                //
		"reallink":            "real",                                      // a directory is not followed
		"sub/Dockerfile.up":   "../../" + filepath.Base(dir) + "/base.txt", // leaves and comes back
		"Dockerfile.out":      filepath.Join(outside, "Dockerfile"),
		"Dockerfile.loop":     "Dockerfile.loop",
		"Dockerfile.dangling": "nowhere",
		"Dockerfile.dir":      "real",
		"Dockerfile.git":      ".git/HEAD",
		"Dockerfile.other":    "other/file",
		"outlink":             outside,
		"Dockerfile.through":  "outlink/Dockerfile",
	} {
		link(t, target, filepath.Join(dir, filepath.FromSlash(name)))
	}
	got, problems := paths(t, local.Repository{Dir: dir}, local.WalkOptions{Match: dockerfiles})
	assert.Equal(t, []string{"Dockerfile", "Dockerfile.again", "Dockerfile.ignored", "real/Dockerfile"}, got)
	for name, want := range map[string]error{
		"Dockerfile.out": local.ErrOutside, "Dockerfile.through": local.ErrOutside, "sub/Dockerfile.up": local.ErrOutside,
		"Dockerfile.loop": local.ErrLoop, "Dockerfile.dangling": fs.ErrNotExist,
		"Dockerfile.git": local.ErrForeign, "Dockerfile.other": local.ErrForeign,
	} {
		require.ErrorIs(t, problems[name], want, name)
		delete(problems, name)
	}
	assert.Empty(t, problems)
}

func TestFilesGoesOnAfterProblems(t *testing.T) {
	dir := t.TempDir()
	big := strings.Repeat("#", local.MaxFileSize)
	write(t, dir, map[string]string{"a/Dockerfile": big + "#", "b/Dockerfile": big, "c/.gitignore": big + "#", "c/Dockerfile": "", "z": ""})
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "Dockerfile"), 0o600))
	want := map[string]error{"a/Dockerfile": local.ErrTooLarge, "c/.gitignore": local.ErrTooLarge}
	if os.Getuid() != 0 { // root reads everything
		write(t, dir, map[string]string{"locked/Dockerfile": "", "Dockerfile.locked": ""})
		require.NoError(t, os.Chmod(filepath.Join(dir, "locked"), 0))
		require.NoError(t, os.Chmod(filepath.Join(dir, "Dockerfile.locked"), 0))
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "locked"), 0o755) })
		want["locked"], want["Dockerfile.locked"] = fs.ErrPermission, fs.ErrPermission
	}
	got, problems := paths(t, local.Repository{Dir: dir}, local.WalkOptions{Match: dockerfiles})
	assert.Equal(t, []string{"b/Dockerfile", "c/Dockerfile"}, got)
	require.Len(t, problems, len(want))
	for name, err := range want {
		require.ErrorIs(t, problems[name], err)
	}
}

func TestFilesEndsInTimeOnADeepTree(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{strings.Repeat("d/", 250) + "Dockerfile": "", "e/Dockerfile": ""})
	got, problems := paths(t, local.Repository{Dir: dir}, local.WalkOptions{})
	assert.Equal(t, []string{"e/Dockerfile"}, got)
	require.Len(t, problems, 1)
	for _, err := range problems {
		require.ErrorIs(t, err, local.ErrTooDeep)
	}
}

func TestFilesStops(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "", "b": "", "c/d": ""})
	stop := errors.New("stop")
	err := local.Repository{Dir: dir}.Files(t.Context(), local.WalkOptions{}, func(forge.File) error { return stop })
	assert.Equal(t, stop, err)

	ctx, cancel := context.WithCancel(t.Context())
	err = local.Repository{Dir: dir}.Files(ctx, local.WalkOptions{}, func(forge.File) error { cancel(); return nil })
	require.ErrorIs(t, err, context.Canceled)

	err = local.Repository{Dir: filepath.Join(dir, "none")}.Files(t.Context(), local.WalkOptions{}, nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestReadStaysInside(t *testing.T) {
	dir := t.TempDir()
	newGit(t, dir, map[string]string{"a/Dockerfile": "x"})
	link(t, "/etc/passwd", filepath.Join(dir, "out"))
	link(t, "a", filepath.Join(dir, "b"))
	link(t, ".git", filepath.Join(dir, "g"))
	r := local.Repository{Dir: dir}
	for _, name := range []string{"a/Dockerfile", "b/Dockerfile"} {
		content, err := r.Read(name)
		require.NoError(t, err)
		assert.Equal(t, "x", string(content))
	}
	for name, want := range map[string]error{
		"out": local.ErrOutside, "../x": fs.ErrInvalid, "/etc/passwd": fs.ErrInvalid, "a/../a/Dockerfile": fs.ErrInvalid,
		".git/config": fs.ErrInvalid, ".GIT/config": fs.ErrNotExist, "g/config": fs.ErrInvalid, "": fs.ErrInvalid,
		"a": local.ErrNotRegular, "none": fs.ErrNotExist,
	} {
		_, err := r.Read(name)
		require.ErrorIs(t, err, want, name)
	}
}

// BenchmarkFiles shows that what a walk holds does not grow with the tree:
// B/op stays below the bytes of the tree's entries.
func BenchmarkFiles(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			newGit(b, dir, map[string]string{".gitignore": "*.log\n/build/\nnode_modules\n!keep\nfoo/**/bar\n"})
			for i := range n / 10 {
				for j := range 10 {
					write(b, dir, map[string]string{fmt.Sprintf("group%d/service%d/file%d", i%10, i, j): "FROM debian:12\n"})
				}
				write(b, dir, map[string]string{fmt.Sprintf("group%d/service%d/Dockerfile", i%10, i): "FROM debian:12\n"})
			}
			b.ReportAllocs()
			for b.Loop() {
				files := 0
				require.NoError(b, local.Repository{Dir: dir}.Files(b.Context(), local.WalkOptions{Match: dockerfiles}, func(forge.File) error {
					files++
					return nil
				}))
				require.Equal(b, n/10, files)
			}
		})
	}
}
