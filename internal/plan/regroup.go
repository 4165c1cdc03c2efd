package plan

import (
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
)

func byBranch(targets []Target) map[Branch]Target {
	all := make(map[Branch]Target, len(targets))
	for _, t := range targets {
		all[t.Branch] = t
	}
	return all
}

// base is what the names of branches for t have of it.
func (t Target) base() string {
	if t.Default {
		return ""
	}
	return t.Name
}

// elsewhere says which pull requests are about the images of a branch now that
// they are grouped in another way; empty where none is.
func (f PullFacts) elsewhere(t Target, branch string, hint Hint, wanted []Pull) string {
	var others []string
	for _, p := range wanted {
		same := func(i int) bool {
			ref := f.Plan.Bumps[i].Ref()
			if branch == forge.BranchName("", t.base()) {
				_, there := hint.Digests[ref.String()]
				return there || hint.Digests == nil
			}
			return branch == forge.BranchName(ref.Familiar(), t.base())
		}
		if p.Repository == t.Repository && p.Base == t.Name && slices.ContainsFunc(p.Bumps, same) {
			others = append(others, p.Branch)
		}
	}
	switch len(others) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("it is part of the %s from %s now", f.Plan.Flavor.Noun(), others[0])
	}
	return fmt.Sprintf("there are %d %ss for its images now", len(others), f.Plan.Flavor.Noun())
}

// madeFor reports whether a branch has the name that one of ours for t has, so
// far as the pull request's own text tells of which images it is: one that a
// person pointed at t has not.
func (f PullFacts) madeFor(t Target, branch string, hint Hint) bool {
	if branch == forge.BranchName("", t.base()) {
		return true
	}
	for name := range hint.Digests {
		ref, err := image.ParseReference(name)
		if err == nil && branch == forge.BranchName(ref.Familiar(), t.base()) {
			return true
		}
	}
	return false
}
