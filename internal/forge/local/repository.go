package local

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Repository is a git work tree on disk (a directory with .git in it, itself a
// directory or a file), or a plain directory.
type Repository struct {
	Name  string // as the user knows it: relative to the directory given, "." for that itself
	Dir   string // absolute path of its root, symbolic links resolved
	Scope string // the folder asked for, slash-separated, relative to Dir; empty for all of it
}

// Read returns the content of one file, at most [MaxFileSize] bytes. The path
// is slash-separated and relative to the root; a symbolic link is followed
// inside the root only, and .git is out of bounds.
//
// The error wraps [fs.ErrNotExist], [ErrTooLarge], [ErrNotRegular] or
// [ErrOutside] where that is the cause.
func (r Repository) Read(name string) ([]byte, error) {
	root, err := r.open()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	content, err := read(root, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return content, nil
}

func (r Repository) open() (*os.Root, error) {
	root, err := os.OpenRoot(r.Dir)
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", r.Dir, cause(err))
	}
	return root, nil
}

func read(root *os.Root, name string) ([]byte, error) {
	target, err := locate(root, name)
	if err != nil {
		return nil, err
	}
	return readRegular(root.OpenFile, target, MaxFileSize)
}

// locate returns where the file that name stands for really is.
func locate(root *os.Root, name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) || path.Clean(name) != name {
		return "", fmt.Errorf("path must be clean and inside the repository: %w", os.ErrInvalid)
	}
	target, err := resolve(root, name)
	if err != nil {
		return "", err
	}
	if inGit(name) || inGit(target) {
		return "", fmt.Errorf(".git is not for us: %w", os.ErrInvalid)
	}
	return target, nil
}

// inGit reports whether an element of name is .git, as file systems compare
// it that fold case.
func inGit(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.EqualFold(part, gitName) {
			return true
		}
	}
	return false
}

// resolve follows the symbolic links in name and returns the path of what is
// meant, without any. It does not leave root.
func resolve(root *os.Root, name string) (string, error) {
	const maxLinks = 40 // as Linux does
	done, todo := "", strings.Split(name, "/")
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if done == "" {
				return "", ErrOutside
			}
			done = notDot(path.Dir(done))
			continue
		}
		next := path.Join(done, part)
		info, err := root.Lstat(next)
		if err != nil {
			return "", cause(err)
		}
		if info.Mode()&os.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", ErrLoop
		}
		target, err := root.Readlink(next)
		if err != nil {
			return "", cause(err)
		}
		if filepath.IsAbs(target) {
			return "", ErrOutside
		}
		todo = append(strings.Split(filepath.ToSlash(target), "/"), todo...)
	}
	return done, nil
}

// notDot turns the "." of packages path and filepath into our empty path.
func notDot(name string) string {
	if name == "." {
		return ""
	}
	return name
}
