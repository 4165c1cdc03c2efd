package git

import (
	"cmp"
	"maps"
	"slices"
)

// Difference is a file that is not the same in two trees. Old or New is the
// zero Entry where there is none.
type Difference struct {
	Path     string
	Old, New Entry
}

// Diff returns the files that differ between two trees, by path; either may be
// empty for none. Whole directories that are the same are not looked into.
func (r *Repository) Diff(a, b ID) []Difference {
	if a == b {
		return nil
	}
	before, after := r.files(a), r.files(b)
	var found []Difference
	for p, e := range before {
		if after[p] != e {
			found = append(found, Difference{Path: p, Old: e, New: after[p]})
		}
	}
	for p, e := range after {
		if _, both := before[p]; !both {
			found = append(found, Difference{Path: p, New: e})
		}
	}
	slices.SortFunc(found, func(x, y Difference) int { return cmp.Compare(x.Path, y.Path) })
	return found
}

// files returns everything but directories, by path.
func (r *Repository) files(tree ID) map[string]Entry {
	found := map[string]Entry{}
	for _, e := range r.walk(nil, "", tree) {
		if e.Mode != ModeDirectory {
			found[e.Path] = e
		}
	}
	return found
}

// Merge merges two trees that both come from base, file by file: a file that
// only one side changed is taken from it. It returns the paths that both sides
// changed, and not to the same, and no tree then. The error is one of
// [Repository.Edit]: a file on one side is a directory on the other.
func (r *Repository) Merge(base, ours, theirs ID) (tree ID, conflicts []string, err error) {
	mine := map[string]Entry{}
	for _, d := range r.Diff(base, ours) {
		mine[d.Path] = d.New
	}
	set := map[string]Entry{}
	for _, d := range r.Diff(base, theirs) {
		e, both := mine[d.Path]
		switch {
		case both && e != d.New:
			conflicts = append(conflicts, d.Path)
		case !both:
			set[d.Path] = Entry{Path: d.Path, Mode: d.New.Mode, ID: d.New.ID}
		}
	}
	if len(conflicts) > 0 {
		return "", conflicts, nil
	}
	tree, err = r.Edit(ours, slices.Collect(maps.Values(set)))
	return tree, nil, err
}
