package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// What a folder may have to become a repository.
const (
	mostFiles = 20_000
	mostBytes = 256 << 20 // of all files in all folders
	maxFile   = 10 << 20
)

// ErrNoFolders says that there is nothing to make repositories of.
var ErrNoFolders = errors.New("there are no folders to make repositories of")

// Load makes a repository of each folder in dir, with the files as they are
// now: what git ignores is in it, symbolic links and .git are not, nor are
// files of more than 10 MiB. Hidden folders are left out. What a forge
// does not take in a name becomes a hyphen, as it does on GitHub. The error
// wraps [ErrNoFolders] for a dir without folders.
func (w *World) Load(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	l := loader{files: mostFiles, bytes: mostBytes}
	made := 0
	for _, e := range entries {
		if !e.IsDir() || e.Name()[0] == '.' {
			continue
		}
		files, err := l.folder(ctx, filepath.Join(dir, e.Name()))
		if err != nil {
			return fmt.Errorf("load %s: %w", e.Name(), err)
		}
		name := w.full(repositoryName(e.Name()))
		if err := w.site.create(name, repositoryOptions{empty: len(files) == 0}, files...); err != nil {
			return err // it names the repository
		}
		made++
	}
	if made == 0 {
		return fmt.Errorf("load %s: %w", dir, ErrNoFolders)
	}
	return nil
}

// repositoryName is a name as forges take it.
func repositoryName(folder string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, folder)
}

// loader counts down what may still be loaded.
type loader struct {
	files int
	bytes int64
}

var errTooMuch = errors.New("there is too much in the folders: at most 20,000 files of 256 MiB together are loaded")

// folder reads the regular files below a folder.
func (l *loader) folder(ctx context.Context, dir string) (files []git.File, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.Name() == ".git" && d.IsDir():
			return fs.SkipDir
		case d.Name() == ".git" || !d.Type().IsRegular():
			return nil
		}
		content, err := l.read(root, path)
		if content != nil {
			files = append(files, git.File{Path: path, Content: content})
		}
		return err
	})
	return files, err
}

// read returns a file's content; nil for one that is too large.
func (l *loader) read(root *os.Root, path string) ([]byte, error) {
	file, err := root.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil || len(content) > maxFile {
		return nil, err
	}
	l.files--
	l.bytes -= int64(len(content))
	if l.files < 0 || l.bytes < 0 {
		return nil, errTooMuch
	}
	return content, nil
}
