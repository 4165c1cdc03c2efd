package git

import "strings"

// Lines is how many lines come and go.
type Lines struct{ Added, Deleted int }

// Plus adds two of them.
func (n Lines) Plus(other Lines) Lines {
	return Lines{Added: n.Added + other.Added, Deleted: n.Deleted + other.Deleted}
}

// Count counts lines that are in one version of a file only, whatever their
// order: near enough to a diff for a number that is only shown.
func (r *Repository) Count(d Difference) Lines {
	seen := map[string]int{}
	for line := range strings.Lines(string(r.blobs[d.Old.ID])) { // a submodule has no lines
		seen[line]++
	}
	var n Lines
	for line := range strings.Lines(string(r.blobs[d.New.ID])) {
		if seen[line] > 0 {
			seen[line]--
		} else {
			n.Added++
		}
	}
	for _, left := range seen {
		n.Deleted += left
	}
	return n
}
