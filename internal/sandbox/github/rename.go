package github

import (
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// maxFiles is how many files of a pull request GitHub lists at most.
const maxFiles = 3000

// change is a file that a pull request or commit changes. One that only got
// another name is one change, of the new path.
type change struct {
	git.Difference
	previous string // path before; empty where that is the same
}

// kind is what GraphQL calls the change; REST's words are close to it.
func (c change) kind() string {
	if c.previous != "" {
		return "RENAMED"
	}
	return changeType(c.Difference)
}

// renames makes one change of a file that is gone and a new one of the same
// content. GitHub does so for those that are much alike, too.
func renames(all []git.Difference) []change {
	gone := map[git.ID][]git.Difference{} // by content, in order
	for _, d := range all {
		if d.New.ID == "" {
			gone[d.Old.ID] = append(gone[d.Old.ID], d)
		}
	}
	moved := map[string]bool{} // paths of those that have another name now
	found := make([]change, 0, len(all))
	for _, d := range all {
		c := change{Difference: d}
		if from := gone[d.New.ID]; d.Old.ID == "" && len(from) > 0 {
			c.previous, c.Old = from[0].Path, from[0].Old
			gone[d.New.ID] = from[1:]
			moved[c.previous] = true
		}
		found = append(found, c)
	}
	kept := found[:0]
	for _, c := range found {
		if c.New.ID != "" || !moved[c.Path] {
			kept = append(kept, c)
		}
	}
	return kept
}
