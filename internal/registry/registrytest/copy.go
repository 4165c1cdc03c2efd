package registrytest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Copy makes a repository that has all that another one has, by its files: the
// blobs themselves are there once for all repositories. A registry in memory has
// no files and fails the test.
func Copy(t testing.TB, h Host, from, to string) {
	t.Helper()
	require.NotEmpty(t, h.configuration, "a registry in memory has no files")
	root := filepath.Join(filepath.Dir(h.configuration), "data", "docker", "registry", "v2", "repositories")
	require.NoError(t, os.CopyFS(filepath.Join(root, filepath.FromSlash(to)), os.DirFS(filepath.Join(root, filepath.FromSlash(from)))))
}
