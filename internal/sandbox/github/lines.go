package github

import (
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// count is how many lines come and go.
type count struct{ added, deleted int }

// lines counts those of the whole pull request.
func (p *pull) lines() count {
	var all count
	for _, d := range p.files() {
		n := p.repository.count(d.Difference)
		all.added += n.added
		all.deleted += n.deleted
	}
	return all
}

// count counts lines that are in one version only, whatever their order: near
// enough to a diff for a number that is only shown.
func (r *repository) count(d git.Difference) count {
	old, _ := r.git.Blob(d.Old.ID) // a submodule has no lines
	now, _ := r.git.Blob(d.New.ID)
	seen := map[string]int{}
	for line := range strings.Lines(string(old)) {
		seen[line]++
	}
	var n count
	for line := range strings.Lines(string(now)) {
		if seen[line] > 0 {
			seen[line]--
		} else {
			n.added++
		}
	}
	for _, left := range seen {
		n.deleted += left
	}
	return n
}
