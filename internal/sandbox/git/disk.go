package git

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"os"
	"path/filepath"
)

// WriteBare writes the repository into dir, which must be empty or missing, as
// a bare repository that git can read. head is the branch that HEAD names.
func (r *Repository) WriteBare(dir, head string) error {
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	files := map[string]string{"HEAD": "ref: " + BranchPrefix + head + "\n", "config": config}
	for name, id := range r.refs {
		files[name] = string(id) + "\n"
	}
	for _, sub := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(sub)), 0o755); err != nil {
			return fmt.Errorf("write repository: %w", err)
		}
	}
	for name, content := range files {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(content)); err != nil {
			return fmt.Errorf("write repository: %w", err)
		}
	}
	if err := r.writeObjects(filepath.Join(dir, "objects")); err != nil {
		return fmt.Errorf("write repository: %w", err)
	}
	return nil
}

func (r *Repository) writeObjects(dir string) error {
	for id, content := range r.blobs {
		if err := writeObject(dir, id, KindBlob, content); err != nil {
			return err
		}
	}
	for id, entries := range r.trees {
		if err := writeObject(dir, id, KindTree, encodeTree(entries)); err != nil {
			return err
		}
	}
	for id, c := range r.commits {
		if err := writeObject(dir, id, KindCommit, encodeCommit(c)); err != nil {
			return err
		}
	}
	return nil
}

// writeObject writes a loose object.
//
// Spec: git's "Git Internals - Git Objects", object storage.
func writeObject(dir string, id ID, kind Kind, content []byte) error {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	fmt.Fprintf(z, "%s %d\x00", kind, len(content))
	if _, err := z.Write(content); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, string(id[:2]), string(id[2:])), b.Bytes())
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
