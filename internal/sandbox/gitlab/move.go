package gitlab

import (
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// moveBranch makes, moves or deletes a branch and lets what hangs on it follow;
// an empty id is no branch.
func (s *Server) moveBranch(p *project, by *account, branch string, from, to git.ID) error {
	name := git.BranchPrefix + branch
	if to == "" {
		p.git.DeleteRef(name)
	} else if err := p.checkRef(branch); err != nil {
		return err
	} else if err := p.git.SetRef(name, to); err != nil {
		return err
	}
	p.active = s.now()
	s.emitPush(p, by, name, from, to)
	s.follow(p, by, branch, to)
	return nil
}

// checkRef refuses a branch that git would: for its name, or as it would be a
// directory of another.
func (p *project) checkRef(branch string) error {
	name := git.BranchPrefix + branch
	if err := git.CheckRefName(name); err != nil {
		return badRequest("Branch name is invalid")
	}
	for _, other := range p.git.Refs(git.BranchPrefix) {
		if strings.HasPrefix(other, name+"/") || strings.HasPrefix(name, other+"/") {
			return badRequest("reference already exists: cannot lock ref '" + name + "': '" + other + "' exists")
		}
	}
	return nil
}

// follow is what happens to merge requests when a branch is at another commit,
// or gone.
func (s *Server) follow(p *project, by *account, branch string, to git.ID) {
	for _, other := range s.ordered {
		for _, m := range other.opened() {
			if m.source == p && m.branch == branch {
				s.sourceMoved(m, by, to)
			}
		}
	}
	for _, m := range p.opened() {
		if m.target == branch && to != "" && p.git.IsAncestor(m.head, to) && m.head != m.base {
			s.markMerged(m, by) // somebody merged by hand
		}
	}
}

// sourceMoved closes a merge request whose source branch is gone, and moves on
// every other: a merge that it waited for is off, and so are approvals.
func (s *Server) sourceMoved(m *mergeRequest, by *account, to git.ID) {
	if to == m.head {
		return
	}
	if to == "" {
		s.closeMerge(m, by)
		return
	}
	if m.source != m.project {
		_ = m.project.git.Fetch(m.source.git, to) // it is there: the branch has just been set to it
	}
	if m.auto != nil {
		s.addSystemNote(m, by, "aborted the automatic merge because source branch was updated")
	}
	m.head, m.updated, m.auto, m.approved = to, s.now(), nil, nil
	m.base = m.against()
	s.emitMerge(m, by, "update")
	s.startPipeline(m)
}

// matches reports whether a branch is matched by one of the patterns.
func matches(patterns []string, branch string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return wild(pattern, branch) })
}
