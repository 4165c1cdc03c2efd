package git

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Walk returns all entries under a tree, directories before what is in them.
// The error wraps [ErrNotFound].
func (r *Repository) Walk(tree ID) ([]Entry, error) {
	if _, err := r.Tree(tree); err != nil {
		return nil, err
	}
	return r.walk(nil, "", tree), nil
}

func (r *Repository) walk(found []Entry, dir string, tree ID) []Entry {
	for _, e := range r.trees[tree] {
		full := path.Join(dir, e.Path)
		found = append(found, Entry{Path: full, Mode: e.Mode, ID: e.ID})
		if e.Mode == ModeDirectory {
			found = r.walk(found, full, e.ID)
		}
	}
	return found
}

// Find returns the entry at a path under a tree; the tree itself for an empty
// path. The error wraps [ErrNotFound].
func (r *Repository) Find(tree ID, p string) (Entry, error) {
	found := Entry{Mode: ModeDirectory, ID: tree}
	if p == "" {
		return found, nil
	}
	for part := range strings.SplitSeq(p, "/") {
		entries := r.trees[found.ID]
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.Path == part })
		if found.Mode != ModeDirectory || i < 0 {
			return Entry{}, fmt.Errorf("path %s: %w", p, ErrNotFound)
		}
		found = entries[i]
	}
	found.Path = p
	return found, nil
}

// Edit returns a tree like the one given, with some entries set: those of an
// empty ID are taken away, missing directories are made, emptied ones vanish.
// The given tree may be empty for none. The error wraps [ErrNotFound] for an
// entry to take away that is not there, else it is one of [Repository.PutTree].
func (r *Repository) Edit(tree ID, set []Entry) (ID, error) {
	if tree != "" {
		if _, err := r.Tree(tree); err != nil {
			return "", err
		}
	}
	return r.edit(tree, "", set)
}

func (r *Repository) edit(tree ID, dir string, set []Entry) (ID, error) {
	entries := map[string]Entry{}
	for _, e := range r.trees[tree] {
		entries[e.Path] = e
	}
	below := map[string][]Entry{}
	for _, e := range set {
		head, rest, deeper := strings.Cut(e.Path, "/")
		switch {
		case deeper:
			below[head] = append(below[head], Entry{Path: rest, Mode: e.Mode, ID: e.ID})
		case e.ID != "":
			entries[head] = e
		case entries[head].ID == "":
			return "", fmt.Errorf("path %s: %w", path.Join(dir, head), ErrNotFound)
		default:
			delete(entries, head)
		}
	}
	for head, set := range below {
		if err := r.editBelow(entries, path.Join(dir, head), head, set); err != nil {
			return "", err
		}
	}
	all := make([]Entry, 0, len(entries))
	for _, e := range entries {
		all = append(all, e)
	}
	return r.PutTree(all)
}

// editBelow sets entries in the directory called head.
func (r *Repository) editBelow(entries map[string]Entry, dir, head string, set []Entry) error {
	var old ID
	if e := entries[head]; e.Mode == ModeDirectory {
		old = e.ID
	}
	id, err := r.edit(old, dir, set)
	if err != nil {
		return err
	}
	if len(r.trees[id]) == 0 {
		delete(entries, head)
		return nil
	}
	entries[head] = Entry{Path: head, Mode: ModeDirectory, ID: id}
	return nil
}
