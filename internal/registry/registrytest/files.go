package registrytest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Files fills a repository of a registry that is a process, by its files: a PUT
// waits for the disk several times, so that thousands take minutes. What is put
// is not checked. A registry in memory has no files and fails the test.
//
// Spec: distribution, registry/storage/paths.go.
type Files struct{ root, repository string }

// FilesOf returns the files of a repository.
func FilesOf(t testing.TB, h Host, repository string) Files {
	t.Helper()
	require.NotEmpty(t, h.configuration, "a registry in memory has no files")
	root := filepath.Join(filepath.Dir(h.configuration), "data", "docker", "registry", "v2")
	return Files{root, filepath.Join(root, "repositories", filepath.FromSlash(repository))}
}

// Blob puts a blob.
func (f Files) Blob(content []byte) error {
	return f.put("_layers", content)
}

// Manifest puts a manifest, and each of the tags on it.
func (f Files) Manifest(content []byte, tags ...string) error {
	if err := f.put(filepath.Join("_manifests", "revisions"), content); err != nil {
		return err
	}
	digest := image.FromBytes(content)
	for _, tag := range tags {
		at := filepath.Join(f.repository, "_manifests", "tags", tag)
		for _, dir := range []string{filepath.Join(at, "current"), filepath.Join(at, "index", digest.Algorithm(), digest.Encoded())} {
			if err := write(filepath.Join(dir, "link"), []byte(digest)); err != nil {
				return err
			}
		}
	}
	return nil
}

// put stores content, and notes in the repository that it has it.
func (f Files) put(as string, content []byte) error {
	digest := image.FromBytes(content)
	hex := digest.Encoded()
	if err := write(filepath.Join(f.root, "blobs", digest.Algorithm(), hex[:2], hex, "data"), content); err != nil {
		return err
	}
	return write(filepath.Join(f.repository, as, digest.Algorithm(), hex, "link"), []byte(digest))
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
