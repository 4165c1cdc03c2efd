package local

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// entry handles one entry of a folder.
func (w *walker) entry(f folder, e fs.DirEntry) error {
	name := path.Join(f.path, e.Name())
	switch {
	case e.IsDir():
		return w.subfolder(f, e.Name(), name)
	case e.Type() != 0 && e.Type() != fs.ModeSymlink:
		return nil // a FIFO, a socket, a device
	}
	wanted, err := w.wanted(f, name)
	if err != nil || !wanted {
		return err
	}
	if e.Type() == fs.ModeSymlink {
		return w.link(name)
	}
	content, err := readRegular(f.OpenFile, e.Name(), MaxFileSize)
	return w.file(name, content, err)
}

func (w *walker) subfolder(f folder, base, name string) error {
	if w.opts.Exclude(name) {
		return nil
	}
	ignored := f.ignored || f.rules.ignored(name, true)
	if ignored {
		t, err := w.known()
		if err != nil || !t.dirs[name] {
			return err
		}
	}
	child, err := w.enter(f, base)
	if err != nil {
		return w.problem(name, err)
	}
	defer child.Close()
	child.ignored = ignored
	return w.folder(child)
}

// wanted reports whether the file at name, in f, is one to read.
func (w *walker) wanted(f folder, name string) (bool, error) {
	if !w.opts.Match(name) || w.opts.Exclude(name) {
		return false, nil
	}
	if !f.ignored && !f.rules.ignored(name, false) {
		return true, nil
	}
	t, err := w.known()
	return t.files[name], err
}

// known returns what git tracks. Where that cannot be told it is nothing, and
// the problem is reported once.
func (w *walker) known() (tracked, error) {
	if w.tracked != nil {
		return *w.tracked, nil
	}
	w.tracked = &tracked{}
	if w.index == "" {
		return *w.tracked, nil
	}
	t, err := readIndex(w.index, w.opts.Match)
	if err != nil {
		return *w.tracked, w.problem(".git/index", err)
	}
	w.tracked = &t
	return t, nil
}

func (w *walker) file(name string, content []byte, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // gone since the directory was read
	case err != nil:
		return w.problem(name, err)
	}
	return w.emit(forge.File{Path: name, Content: content, Blob: forge.BlobID(content)})
}

func (w *walker) problem(name string, err error) error {
	return w.emit(forge.File{Path: name, Err: err})
}

// link reads the file that a symbolic link leads to, if the walk does not come
// upon it in another way.
func (w *walker) link(name string) error {
	target, err := resolve(w.root, name)
	if err != nil {
		return w.problem(name, err)
	}
	info, err := w.root.Lstat(target)
	switch {
	case err != nil:
		return w.problem(name, cause(err))
	case !info.Mode().IsRegular():
		return nil
	case inGit(target) || w.foreign(target):
		return w.problem(name, ErrForeign)
	}
	if w.linked[target] {
		return nil
	}
	finds, err := w.finds(target)
	if err != nil || finds {
		return err
	}
	w.linked[target] = true
	content, err := readRegular(w.root.OpenFile, target, MaxFileSize)
	return w.file(name, content, err)
}

// foreign reports whether a git work tree below the root holds target.
func (w *walker) foreign(target string) bool {
	for dir := range above(target) {
		if dir != "" && isWorkTree(w.root, dir) {
			return true
		}
	}
	return false
}

// finds reports whether the walk comes upon the regular file target by itself.
func (w *walker) finds(target string) (bool, error) {
	if w.scope != "" && !strings.HasPrefix(target, w.scope+"/") {
		return false, nil
	}
	f := folder{Root: w.root, rules: w.outerRules}
	for dir := range above(target) {
		if dir != "" && len(dir) > len(w.scope) && w.opts.Exclude(dir) {
			return false, nil
		}
		f.ignored = f.ignored || dir != "" && f.rules.ignored(dir, true)
		rules, err := rulesOf(w.root, path.Join(dir, ignoreName), dir)
		if err != nil {
			return false, nil //nolint:nilerr // the walk itself reports that file
		}
		f.rules = f.rules.with(rules)
	}
	return w.wanted(f, target)
}

// above yields the directories that hold name, from the root, which is empty,
// down.
func above(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if !yield("") {
			return
		}
		for i := range len(name) {
			if name[i] == '/' && !yield(name[:i]) {
				return
			}
		}
	}
}
