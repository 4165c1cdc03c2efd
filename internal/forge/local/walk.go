package local

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// maxDepth bounds the directories that are open at the same time.
const maxDepth = 200

// walker goes through one repository.
type walker struct {
	ctx    context.Context
	root   *os.Root
	scope  string
	opts   WalkOptions
	emit   func(forge.File) error
	nested func(dir string) // told of git work trees below the root

	outerRules ruleStack // those from outside of the tree

	index   string          // git's index file, empty for a plain directory
	tracked *tracked        // read when the first ignored path asks for it
	linked  map[string]bool // files that a link has led to
	found   bool            // something was emitted
}

func newWalker(ctx context.Context, root *os.Root, scope string, opts WalkOptions) *walker {
	if opts.Match == nil {
		opts.Match = func(string) bool { return true }
	}
	if opts.Exclude == nil {
		opts.Exclude = func(string) bool { return false }
	}
	return &walker{
		ctx: ctx, root: root, scope: scope, opts: opts,
		nested: func(string) {}, linked: map[string]bool{},
	}
}

// folder is a directory on the way.
type folder struct {
	*os.Root
	path    string    // empty for the root of the repository
	rules   ruleStack // of the directories above, then its own
	ignored bool      // only what git tracks counts here
	depth   int
}

// walk goes down to the scope, gathering the rules on the way, and from there
// through everything.
func (w *walker) walk(rules ruleStack) error {
	w.outerRules = rules
	f := folder{Root: w.root, rules: rules}
	if w.scope == "" {
		return w.folder(f)
	}
	for part := range strings.SplitSeq(w.scope, "/") {
		if err := w.ownRules(&f); err != nil {
			return err
		}
		child, err := w.enter(f, part)
		if err != nil {
			return w.problem(path.Join(f.path, part), err)
		}
		defer child.Close()
		child.ignored = f.ignored || f.rules.ignored(child.path, true)
		f = child
	}
	if err := w.folder(f); err != nil {
		return err
	}
	if f.ignored && !w.found {
		return w.problem(w.scope, ErrIgnored)
	}
	return nil
}

// enter opens a directory of f; its own rules are not read yet.
func (w *walker) enter(f folder, name string) (folder, error) {
	if f.depth >= maxDepth {
		return folder{}, ErrTooDeep
	}
	root, err := f.OpenRoot(name)
	if err != nil {
		return folder{}, cause(err)
	}
	return folder{Root: root, path: path.Join(f.path, name), rules: f.rules, ignored: f.ignored, depth: f.depth + 1}, nil
}

// ownRules puts the folder's .gitignore on top of its rules. Like git it does
// not follow a link there.
func (w *walker) ownRules(f *folder) error {
	list, err := rulesOf(f.Root, ignoreName, f.path)
	if err != nil {
		return w.problem(path.Join(f.path, ignoreName), err)
	}
	f.rules = f.rules.with(list)
	return nil
}

func rulesOf(root *os.Root, name, dir string) (ruleList, error) {
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return ruleList{}, nil // none, or the folder's own problem
	}
	content, err := readRegular(root.OpenFile, name, MaxFileSize)
	return parseRules(dir, content), err
}

// folder walks through f and what lies below it.
func (w *walker) folder(f folder) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	entries, err := list(f.Root)
	if err != nil {
		return w.problem(cmp.Or(f.path, "."), err)
	}
	isGit := func(e fs.DirEntry) bool { return e.Name() == gitName }
	if f.path != "" && slices.ContainsFunc(entries, isGit) && isWorkTree(f.Root, "") {
		w.nested(f.path)
		return nil
	}
	if err := w.ownRules(&f); err != nil {
		return err
	}
	for _, e := range entries {
		if isGit(e) {
			continue
		}
		if err := w.entry(f, e); err != nil {
			return err
		}
	}
	return nil
}

// list returns what is in a directory, in the order that sorts whole paths:
// "a.b" comes before "a/b", and that before "ab".
func list(dir *os.Root) ([]fs.DirEntry, error) {
	f, err := dir.Open(".")
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, cause(err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(sortKey(a), sortKey(b)) })
	return entries, nil
}

func sortKey(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}
