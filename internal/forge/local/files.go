package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// WalkOptions says which files of a repository are wanted.
type WalkOptions struct {
	// Match reports whether the file at path, slash-separated and relative to
	// the root, is a Dockerfile; nil stands for every file.
	Match func(path string) bool
	// Exclude reports whether a file or a directory, with all below it, is
	// left out although git does not ignore it; nil excludes nothing.
	Exclude func(path string) bool
	// ExcludesFile is the user's own gitignore file, git's core.excludesFile;
	// empty or missing means none.
	ExcludesFile string
}

// Files calls fn with every file that opts asks for, in lexical order of the
// paths, and holds one of them at a time. An error of fn ends the walk and is
// returned as it is; that of a file is a [forge.File] with Err, and the walk goes
// on. An error of Files itself means that it could not start.
//
// Left out are: .git; what git ignores and does not track; git work trees
// inside of this one, submodules among them, which are repositories of their
// own; symbolic links to directories; and what is neither file nor directory.
// A symbolic link to a file is read under its own path unless the walk finds
// the file itself, or found another link to it before.
func (r Repository) Files(ctx context.Context, opts WalkOptions, fn func(forge.File) error) error {
	root, err := r.open()
	if err != nil {
		return err
	}
	defer root.Close()
	w := newWalker(ctx, root, r.Scope, opts)
	w.emit = func(f forge.File) error {
		w.found = true
		return fn(f)
	}
	rules, err := w.prepare(r.Dir)
	if err != nil {
		return err
	}
	return w.walk(rules)
}

// prepare reads what stands outside of the tree: the user's ignore file and
// git's own directory.
func (w *walker) prepare(dir string) (ruleStack, error) {
	var rules ruleStack
	var err error
	if w.opts.ExcludesFile != "" {
		if rules, err = w.outer(rules, w.opts.ExcludesFile); err != nil {
			return nil, err
		}
	}
	if !isWorkTree(w.root, "") {
		return rules, nil
	}
	own, common, err := gitDirs(dir)
	if err != nil {
		return rules, w.problem(gitName, fmt.Errorf("find git's directory: %w", err))
	}
	w.index = filepath.Join(own, "index")
	return w.outer(rules, filepath.Join(common, "info", "exclude"))
}

// outer adds the rules of a file outside of the tree, which may be missing.
func (w *walker) outer(rules ruleStack, file string) (ruleStack, error) {
	content, err := readRegular(os.OpenFile, file, MaxFileSize)
	if err != nil && !os.IsNotExist(err) {
		return rules, w.problem(filepath.ToSlash(file), err)
	}
	return rules.with(parseRules("", content)), nil
}
