package git

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Mode is the mode of a tree's entry in octal, six digits.
type Mode string

// The modes that git knows.
const (
	ModeFile       Mode = "100644"
	ModeExecutable Mode = "100755"
	ModeSymlink    Mode = "120000"
	ModeDirectory  Mode = "040000"
	ModeSubmodule  Mode = "160000"
)

// Kind returns what an entry of that mode points at; false for a mode that git
// does not know.
func (m Mode) Kind() (Kind, bool) {
	switch m {
	case ModeFile, ModeExecutable, ModeSymlink:
		return KindBlob, true
	case ModeDirectory:
		return KindTree, true
	case ModeSubmodule:
		return KindCommit, true
	}
	return "", false
}

// Entry is an entry of a tree. Path is a name without a slash in a tree, and
// the slash-separated path from the root in what [Repository.Walk] returns.
type Entry struct {
	Path string
	Mode Mode
	ID   ID
}

// PutTree stores a tree of the given entries, in any order, and returns its
// id. The error wraps [ErrInvalid] for a name or mode that git would refuse or
// a name that is there twice, and [ErrNotFound] for a blob or tree that the
// repository does not hold.
func (r *Repository) PutTree(entries []Entry) (ID, error) {
	sorted := slices.SortedFunc(slices.Values(entries), compareEntries)
	names := map[string]bool{}
	for _, e := range sorted {
		if err := r.checkEntry(e); err != nil {
			return "", err
		}
		if names[e.Path] {
			return "", fmt.Errorf("tree entry %q: there twice: %w", e.Path, ErrInvalid)
		}
		names[e.Path] = true
	}
	id := name(KindTree, encodeTree(sorted))
	r.trees[id] = sorted
	return id, nil
}

func (r *Repository) checkEntry(e Entry) error {
	want, known := e.Mode.Kind()
	switch {
	case e.Path == "", e.Path == ".", e.Path == "..", strings.EqualFold(e.Path, ".git"), strings.ContainsAny(e.Path, "/\x00"):
		return fmt.Errorf("tree entry %q: malformed path component: %w", e.Path, ErrInvalid)
	case !known:
		return fmt.Errorf("tree entry %q: mode %q: %w", e.Path, e.Mode, ErrInvalid)
	case e.Mode == ModeSubmodule:
		return nil
	}
	if got, ok := r.Kind(e.ID); !ok || got != want {
		return fmt.Errorf("tree entry %q: %s %s: %w", e.Path, want, e.ID, ErrNotFound)
	}
	return nil
}

// Tree returns the entries of a tree in git's order; they must not be changed.
// The error wraps [ErrNotFound].
func (r *Repository) Tree(id ID) ([]Entry, error) {
	entries, ok := r.trees[id]
	if !ok {
		return nil, fmt.Errorf("tree %s: %w", id, ErrNotFound)
	}
	return entries, nil
}

// compareEntries orders as git does: a directory's name ends with a slash.
func compareEntries(a, b Entry) int { return cmp.Compare(sortName(a), sortName(b)) }

func sortName(e Entry) string {
	if e.Mode == ModeDirectory {
		return e.Path + "/"
	}
	return e.Path
}

// Spec: git's "Git Internals - Git Objects", tree objects.
func encodeTree(entries []Entry) []byte {
	var b bytes.Buffer
	for _, e := range entries {
		raw, err := hex.DecodeString(string(e.ID))
		if err != nil || len(raw) != 20 {
			raw = make([]byte, 20) // a submodule's commit, which nothing else checks
		}
		fmt.Fprintf(&b, "%s %s\x00%s", strings.TrimLeft(string(e.Mode), "0"), e.Path, raw)
	}
	return b.Bytes()
}
