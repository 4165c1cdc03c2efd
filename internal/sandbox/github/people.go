package github

import (
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// Push commits files to a branch as a person would and returns the commit's
// id. A branch that is not there is made from the default branch.
func (s *Server) Push(name, branch, author, message string, files ...File) (id string, err error) {
	err = s.on(name, func(r *repository) error {
		name := git.BranchPrefix + branch
		from, exists := r.git.Ref(name)
		if !exists {
			from, _ = r.git.Ref(r.defaultRef())
		}
		by := s.person(author)
		c, err := s.commitFiles(r, by, from, message, files)
		if err != nil {
			return err
		}
		if !exists {
			from = ""
		}
		m := refMove{name: name, from: from, to: c.ID}
		if err := s.checkMove(r, m, false); err != nil {
			return err
		}
		s.moveRefs(r, actor{account: by}, m)
		id = string(c.ID)
		return nil
	})
	return id, err
}

// ForcePush moves a branch to a commit as a person would, making it if need be.
func (s *Server) ForcePush(name, branch, by, commit string) error {
	return s.on(name, func(r *repository) error {
		name := git.BranchPrefix + branch
		from, _ := r.git.Ref(name)
		m := refMove{name: name, from: from, to: git.ID(commit)}
		if err := s.checkMove(r, m, true); err != nil {
			return err
		}
		s.moveRefs(r, actor{account: s.person(by)}, m)
		return nil
	})
}

// DeleteBranch deletes a branch as a person would.
func (s *Server) DeleteBranch(name, branch, by string) error {
	return s.on(name, func(r *repository) error {
		name := git.BranchPrefix + branch
		from, ok := r.git.Ref(name)
		if !ok {
			return fmt.Errorf("branch %s: %w", branch, git.ErrNotFound)
		}
		m := refMove{name: name, from: from}
		if err := s.checkMove(r, m, true); err != nil {
			return err
		}
		s.moveRefs(r, actor{account: s.person(by)}, m)
		return nil
	})
}

// Branch returns the commit at a branch; the error wraps [git.ErrNotFound].
func (s *Server) Branch(name, branch string) (id string, err error) {
	err = s.on(name, func(r *repository) error {
		commit, ok := r.git.Ref(git.BranchPrefix + branch)
		if !ok {
			return fmt.Errorf("branch %s: %w", branch, git.ErrNotFound)
		}
		id = string(commit)
		return nil
	})
	return id, err
}

// Branches returns the names of the branches that begin with prefix, in order.
func (s *Server) Branches(name, prefix string) (names []string, err error) {
	err = s.on(name, func(r *repository) error {
		for _, name := range r.git.Refs(git.BranchPrefix + prefix) {
			names = append(names, strings.TrimPrefix(name, git.BranchPrefix))
		}
		return nil
	})
	return names, err
}

// File returns a file as it is at ref: a branch, a tag, or a commit's id. The
// error wraps [git.ErrNotFound].
func (s *Server) File(name, ref, path string) (content []byte, err error) {
	err = s.on(name, func(r *repository) error {
		commit, ok := r.resolve(ref)
		if !ok {
			return fmt.Errorf("ref %s: %w", ref, git.ErrNotFound)
		}
		e, err := r.git.Find(s.treeOf(r, commit), path)
		if err != nil {
			return err
		}
		content, err = r.git.Blob(e.ID)
		content = slices.Clone(content)
		return err
	})
	return content, err
}

// WriteBare writes a repository into dir as git would have it; see
// [git.Repository.WriteBare].
func (s *Server) WriteBare(name, dir string) error {
	return s.on(name, func(r *repository) error { return r.git.WriteBare(dir, r.options.DefaultBranch) })
}

// resolve returns the commit that a person would mean by ref.
func (r *repository) resolve(ref string) (git.ID, bool) {
	if ref == "HEAD" || ref == "" {
		ref = r.options.DefaultBranch
	}
	return r.git.Resolve(ref)
}

// on runs f with a repository under the lock.
func (s *Server) on(name string, f func(*repository) error) error {
	var err error
	s.locked(func() {
		r := s.repository(name)
		if r == nil {
			err = git.ErrNotFound
			return
		}
		err = f(r)
	})
	if err != nil {
		return fmt.Errorf("sandbox repository %s: %w", name, err)
	}
	return nil
}
