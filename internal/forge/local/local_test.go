package local_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/local"
)

// write makes a tree; a name that ends in a slash is an empty directory.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if name[len(name)-1] == '/' {
			require.NoError(t, os.MkdirAll(file, 0o755))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
	}
}

// git runs the real git in dir, without the machine's configuration.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	args = append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com",
		"-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"}, args...)
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HOME=/nonexistent")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err, "git %v", args)
	return string(out)
}

// newGit makes a work tree with files, none of them added.
func newGit(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	git(t, dir, "init", "-q")
	write(t, dir, files)
}

func link(t testing.TB, target, name string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.Symlink(target, name))
}

// realTemp is t.TempDir without symbolic links in it.
func realTemp(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	return dir
}

// paths walks r and returns what was read and, apart, what could not be.
func paths(t testing.TB, r local.Repository, opts local.WalkOptions) (read []string, problems map[string]error) {
	t.Helper()
	problems = map[string]error{}
	require.NoError(t, r.Files(t.Context(), opts, func(f forge.File) error {
		if f.Err != nil {
			problems[f.Path] = f.Err
			return nil
		}
		read = append(read, f.Path)
		return nil
	}))
	return read, problems
}
