package gitlab

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// Push commits files to a branch as a person would and returns the commit's
// id. A branch that is not there is made from the default branch.
func (s *Server) Push(path, branch, author, message string, files ...File) (id string, err error) {
	err = s.on(path, func(p *project) error {
		id, err = s.push(p, branch, s.person(author), message, files)
		return err
	})
	return id, err
}

func (s *Server) push(p *project, branch string, by *account, message string, files []File) (string, error) {
	name := git.BranchPrefix + branch
	old, exists := p.git.Ref(name)
	from := old
	if !exists {
		from, _ = p.git.Ref(p.defaultRef())
	}
	c, err := s.commitFiles(p, by, from, message, files)
	if err != nil {
		return "", err
	}
	return string(c.ID), s.moveBranch(p, by, branch, old, c.ID)
}

// ForcePush moves a branch to a commit as a person would, making it if need be.
func (s *Server) ForcePush(path, branch, by, commit string) error {
	return s.on(path, func(p *project) error {
		old, _ := p.git.Ref(git.BranchPrefix + branch)
		return s.moveBranch(p, s.person(by), branch, old, git.ID(commit))
	})
}

// DeleteBranch deletes a branch as a person would.
func (s *Server) DeleteBranch(path, branch, by string) error {
	return s.on(path, func(p *project) error {
		old, ok := p.git.Ref(git.BranchPrefix + branch)
		if !ok {
			return fmt.Errorf("branch %s: %w", branch, git.ErrNotFound)
		}
		return s.moveBranch(p, s.person(by), branch, old, "")
	})
}

// Tag makes or moves a git tag to a commit, as a person would.
func (s *Server) Tag(path, tag, commit string) error {
	return s.on(path, func(p *project) error { return p.git.SetRef("refs/tags/"+tag, git.ID(commit)) })
}

// Branch returns the commit at a branch; the error wraps [git.ErrNotFound].
func (s *Server) Branch(path, branch string) (id string, err error) {
	err = s.on(path, func(p *project) error {
		commit, ok := p.git.Ref(git.BranchPrefix + branch)
		if !ok {
			return fmt.Errorf("branch %s: %w", branch, git.ErrNotFound)
		}
		id = string(commit)
		return nil
	})
	return id, err
}

// Branches returns the names of the branches that begin with prefix, in order.
func (s *Server) Branches(path, prefix string) (names []string, err error) {
	err = s.on(path, func(p *project) error {
		names = p.branches(prefix)
		return nil
	})
	return names, err
}

func (p *project) branches(prefix string) []string {
	var names []string
	for _, name := range p.git.Refs(git.BranchPrefix + prefix) {
		names = append(names, strings.TrimPrefix(name, git.BranchPrefix))
	}
	return names
}

// File returns a file as it is at ref: a branch, a tag, or a commit's id; the
// default branch for an empty one. The error wraps [git.ErrNotFound].
func (s *Server) File(name, ref, path string) (content []byte, err error) {
	err = s.on(name, func(p *project) error {
		content, err = p.git.Read(cmp.Or(ref, p.options.DefaultBranch), path)
		return err
	})
	return content, err
}

// WriteBare writes a project's repository into dir as git would have it; see
// [git.Repository.WriteBare].
func (s *Server) WriteBare(path, dir string) error {
	return s.on(path, func(p *project) error { return p.git.WriteBare(dir, p.options.DefaultBranch) })
}
