package local

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/index"
)

const (
	gitName    = ".git"
	ignoreName = ".gitignore"

	pointerPrefix = "gitdir:"
	maxPointer    = 8 << 10 // bytes of a .git file or of commondir
	maxIndex      = 1 << 30 // bytes of .git/index: some ten million files
)

// isWorkTree reports whether dir, a path in root, is the top of a git work
// tree: .git is a directory with HEAD, a link to one, or a file that says
// where it is.
//
// Spec: gitrepository-layout(5).
func isWorkTree(root *os.Root, dir string) bool {
	name := path.Join(dir, gitName)
	info, err := root.Lstat(name)
	switch {
	case err != nil:
		return false
	case info.Mode()&os.ModeSymlink != 0:
		return true
	case info.IsDir():
		_, err := root.Lstat(path.Join(name, "HEAD"))
		return err == nil
	}
	content, err := readRegular(root.OpenFile, name, maxPointer)
	return err == nil && bytes.HasPrefix(content, []byte(pointerPrefix))
}

// gitDirs returns the git directory of the work tree at dir and the one it
// shares with its sister work trees, which is the same for most.
//
// Spec: gitrepository-layout(5), "commondir".
func gitDirs(dir string) (own, common string, err error) {
	own = filepath.Join(dir, gitName)
	if info, err := os.Stat(own); err != nil || !info.IsDir() {
		content, err := readRegular(os.OpenFile, own, maxPointer)
		if err != nil {
			return "", "", err
		}
		pointer, found := strings.CutPrefix(string(content), pointerPrefix)
		if !found {
			return "", "", fmt.Errorf("no %s in it", pointerPrefix)
		}
		own = absolute(dir, strings.TrimSpace(pointer))
	}
	content, err := readRegular(os.OpenFile, filepath.Join(own, "commondir"), maxPointer)
	if err != nil {
		return own, own, nil
	}
	return own, absolute(own, strings.TrimSpace(string(content))), nil
}

func absolute(base, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(base, name)
}

// tracked holds the files of interest that are in git's index, and the
// directories above them.
type tracked struct {
	files, dirs map[string]bool
}

// readIndex reads which of the files that match git tracks. No index means
// that nothing has been added yet.
//
// Spec: gitformat-index(5). Split and sparse indexes and those of SHA-256
// repositories are refused.
func readIndex(file string, match func(string) bool) (tracked, error) {
	t := tracked{files: map[string]bool{}, dirs: map[string]bool{}}
	f, err := os.Open(file)
	if os.IsNotExist(err) {
		return t, nil
	}
	if err != nil {
		return t, cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return t, cause(err)
	case !info.Mode().IsRegular() || info.Size() > maxIndex:
		return t, ErrNotRegular
	}
	var idx index.Index
	if err := index.NewDecoder(f).Decode(&idx); err != nil {
		return t, fmt.Errorf("read what git tracks: %w", err)
	}
	for _, entry := range idx.Entries {
		if entry.Mode != filemode.Submodule && match(entry.Name) {
			t.add(entry.Name)
		}
	}
	return t, nil
}

func (t tracked) add(name string) {
	t.files[name] = true
	for dir := path.Dir(name); dir != "." && !t.dirs[dir]; dir = path.Dir(dir) {
		t.dirs[dir] = true
	}
}
