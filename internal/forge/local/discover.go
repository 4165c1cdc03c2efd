package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Discover finds the repositories in dirs.
//
// A directory in a git work tree, or its top, is that one repository; its
// Scope is the part asked for. Any other is a folder of repositories: each git
// work tree below it is one, those inside of others too, unless git ignores
// the place. What lies in the folder outside of any work tree belongs to the
// folder itself, a plain repository, which comes first.
//
// Names are relative to the directory given, or "." for a repository around
// it; where several are given they begin with it, and lead to the root. What is asked for twice comes once.
//
// The error names a directory that does not exist or is none.
func Discover(ctx context.Context, dirs []string) ([]Repository, error) {
	var all []Repository
	for _, dir := range dirs {
		found, err := discover(ctx, dir)
		if err != nil {
			return nil, fmt.Errorf("find repositories in %s: %w", dir, err)
		}
		for _, r := range found {
			if len(dirs) > 1 {
				r.Name = path.Join(filepath.ToSlash(dir), up(r.Scope), r.Name)
			}
			all = add(all, r)
		}
	}
	return all, nil
}

// up leads from a folder of a repository to its root.
func up(scope string) string {
	if scope == "" {
		return ""
	}
	return strings.Repeat("../", strings.Count(scope, "/")+1)
}

// add appends r unless all has it; what r covers goes.
func add(all []Repository, r Repository) []Repository {
	if slices.ContainsFunc(all, func(other Repository) bool { return covers(other, r) }) {
		return all
	}
	return append(slices.DeleteFunc(all, func(other Repository) bool { return covers(r, other) }), r)
}

// covers reports whether a walk through r goes through all of other: a larger
// part of the same repository, or a plain directory around a plain directory.
func covers(r, other Repository) bool {
	const slash = string(filepath.Separator)
	if r.Dir != other.Dir {
		return strings.HasPrefix(other.Dir, strings.TrimSuffix(r.Dir, slash)+slash) &&
			!isWorkTreeAt(r.Dir) && !isWorkTreeAt(other.Dir)
	}
	return r.Scope == other.Scope || r.Scope == "" || strings.HasPrefix(other.Scope, r.Scope+"/")
}

func discover(ctx context.Context, dir string) ([]Repository, error) {
	real, err := realDir(dir)
	if err != nil {
		return nil, err
	}
	if top, found := enclosing(real); found {
		scope, err := filepath.Rel(top, real)
		if err != nil {
			return nil, err
		}
		return []Repository{{Name: ".", Dir: top, Scope: notDot(filepath.ToSlash(scope))}}, nil
	}
	below, hasFiles, err := nested(ctx, Repository{Name: ".", Dir: real})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(below, func(a, b Repository) int { return strings.Compare(a.Name, b.Name) })
	if hasFiles || len(below) == 0 {
		below = slices.Insert(below, 0, Repository{Name: ".", Dir: real})
	}
	return below, nil
}

// realDir returns the absolute path of a directory, symbolic links resolved.
func realDir(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return "", cause(err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", cause(err)
	}
	if !info.IsDir() {
		return "", errors.New("not a directory")
	}
	return real, nil
}

// enclosing returns the top of the git work tree that dir is in.
func enclosing(dir string) (top string, found bool) {
	for !isWorkTreeAt(dir) {
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
	return dir, true
}

// isWorkTreeAt is [isWorkTree] for a directory of the file system. One that
// cannot be read is none.
func isWorkTreeAt(dir string) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer root.Close()
	return isWorkTree(root, "")
}

// nested returns the git work trees below r, however deep, and whether r has
// anything besides.
func nested(ctx context.Context, r Repository) (below []Repository, hasFiles bool, err error) {
	root, err := r.open()
	if err != nil {
		return nil, false, err
	}
	defer root.Close()
	sees := func(string) bool { hasFiles = true; return false } // nothing is to be read
	w := newWalker(ctx, root, "", WalkOptions{Match: sees})
	w.emit = func(forge.File) error { hasFiles = true; return nil } // the walk proper reports it
	w.nested = func(dir string) {
		below = append(below, Repository{Name: path.Join(r.Name, dir), Dir: filepath.Join(r.Dir, filepath.FromSlash(dir))})
	}
	rules, err := w.prepare(r.Dir)
	if err != nil {
		return nil, false, err
	}
	if err := w.walk(rules); err != nil {
		return nil, false, err
	}
	for _, inner := range slices.Clone(below) {
		deeper, _, err := nested(ctx, inner)
		if err != nil {
			return nil, false, err
		}
		below = append(below, deeper...)
	}
	return below, hasFiles, nil
}
