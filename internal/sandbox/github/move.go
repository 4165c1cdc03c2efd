package github

import (
	"errors"
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// refMove is a ref that goes from one commit to another; empty for no ref.
type refMove struct {
	name     string
	from, to git.ID
}

// checkMove says why a ref cannot be moved.
func (s *Server) checkMove(r *repository, m refMove, force bool) error {
	if err := git.CheckRefName(m.name); err != nil {
		return unprocessable("Reference name is invalid")
	}
	if m.to == "" {
		if m.name == r.defaultRef() {
			return unprocessable("Cannot delete the default branch")
		}
		return nil
	}
	if _, err := r.git.Commit(m.to); errors.Is(err, git.ErrNotFound) {
		return unprocessable("Object does not exist")
	}
	if m.from == "" {
		return r.checkNewRef(m.name)
	}
	if !force && !r.git.IsAncestor(m.from, m.to) {
		return unprocessable("Update is not a fast forward")
	}
	return nil
}

// checkNewRef refuses a branch that would be a directory of another, or the
// other way round, as git does.
func (r *repository) checkNewRef(name string) error {
	for _, other := range r.git.Refs("refs/") {
		if strings.HasPrefix(other, name+"/") || strings.HasPrefix(name, other+"/") {
			return unprocessable(fmt.Sprintf("Reference cannot be created: %s exists", other))
		}
	}
	return nil
}

// moveRefs moves refs, all of them, and lets what hangs on them follow. They
// have been checked.
func (s *Server) moveRefs(r *repository, by actor, moves ...refMove) {
	for _, m := range moves {
		if m.to == "" {
			r.git.DeleteRef(m.name)
		} else if err := r.git.SetRef(m.name, m.to); err != nil {
			panic("unchecked move: " + err.Error())
		}
	}
	r.pushed = s.now()
	for _, m := range moves {
		s.emitPush(r, by, m)
		if branch, ok := strings.CutPrefix(m.name, git.BranchPrefix); ok {
			s.follow(r, by, branch, m.to)
		}
	}
}

// follow is what happens to pull requests when a branch is at another commit,
// or gone.
func (s *Server) follow(r *repository, by actor, branch string, to git.ID) {
	for _, p := range append(r.openPulls(), s.foreign...) {
		if p.open && p.head == branch && p.from == r {
			s.headMoved(p, by, to)
		}
	}
	for _, p := range r.openPulls() {
		if p.base != branch {
			continue
		}
		switch {
		case to == "":
			s.closePull(p, by)
		case r.git.IsAncestor(p.headID, to): // merged by hand
			s.markMerged(p, by, p.headID)
		}
	}
}

// headMoved closes a pull request whose head is gone or brings nothing any
// more, and moves on every other.
func (s *Server) headMoved(p *pull, by actor, to git.ID) {
	if to == p.headID {
		return
	}
	if to == "" {
		s.closePull(p, by)
		return
	}
	if p.from != p.repository {
		_ = p.repository.git.Fetch(p.from.git, to) // it is there: the ref has just been set to it
	}
	p.headID, p.updated, p.checked = to, s.now(), false
	if p.repository.git.IsAncestor(to, p.against()) {
		s.closePull(p, by)
		return
	}
	s.freeze(p)
	s.emitPull(p, by, "synchronize")
}
