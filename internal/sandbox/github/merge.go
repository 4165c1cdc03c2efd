package github

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// mergeable says whether a pull request can be merged, in GraphQL's words.
func (s *Server) mergeable(p *pull) string {
	if !p.open {
		return "UNKNOWN"
	}
	base := p.against()
	key := string(p.headID + base)
	if s.options.UnknownFirst && p.seen != key {
		p.seen = key
		return "UNKNOWN"
	}
	if _, _, err := s.mergedTree(p); err != nil {
		return "CONFLICTING"
	}
	return "MERGEABLE"
}

// mergeState says why it cannot be merged yet, in GraphQL's words.
func (s *Server) mergeState(p *pull) string {
	can := s.mergeable(p)
	switch {
	case can == "UNKNOWN":
		return "UNKNOWN"
	case can == "CONFLICTING":
		return "DIRTY"
	case p.draft:
		return "DRAFT"
	case p.waits():
		return "BLOCKED"
	}
	return "CLEAN"
}

// waits reports whether something that the repository requires is missing.
func (p *pull) waits() bool {
	o := p.repository.options
	return o.RequireApproval && len(p.approved) == 0 || o.RequireChecks && !p.checked
}

// mergedTree returns what a merge would make, and the base that it goes on.
func (s *Server) mergedTree(p *pull) (tree, base git.ID, err error) {
	r := p.repository
	base = p.against()
	ancestor, _ := r.git.MergeBase(base, p.headID)
	tree, conflicts, err := r.git.Merge(s.treeOf(r, ancestor), s.treeOf(r, base), s.treeOf(r, p.headID))
	if err == nil && len(conflicts) > 0 {
		err = notMergeable("Pull Request is not mergeable")
	}
	return tree, base, err
}

// mergeRequest is how a pull request is to be merged.
type mergeRequest struct {
	method         string // MERGE, SQUASH, REBASE
	title, message string // empty for GitHub's own
	head           git.ID // that it must have; empty for any
}

// mergePull merges as GitHub would, or says why not.
func (s *Server) mergePull(p *pull, by actor, in mergeRequest) error {
	switch {
	case !p.open:
		return notMergeable("Pull Request is not mergeable")
	case in.head != "" && in.head != p.headID:
		return &apiError{Status: http.StatusConflict, Kind: "UNPROCESSABLE", Message: "Head branch was modified. Review and try the merge again."}
	case p.draft:
		return notMergeable("Pull Request is still a draft")
	case p.waits():
		return notMergeable(p.missing())
	}
	tree, base, err := s.mergedTree(p)
	if err != nil {
		return notMergeable("Pull Request is not mergeable")
	}
	c, err := p.repository.git.PutCommit(s.mergeCommit(p, by, in, tree, base))
	if err != nil {
		return err
	}
	s.freeze(p)
	s.markMerged(p, by, c.ID)
	s.moveRefs(p.repository, by, refMove{name: git.BranchPrefix + p.base, from: base, to: c.ID})
	return nil
}

func (p *pull) missing() string {
	if p.repository.options.RequireApproval && len(p.approved) == 0 {
		return "At least 1 approving review is required by reviewers with write access."
	}
	return "Required status check \"ci\" is expected."
}

// mergeCommit is the commit of a merge; a rebase is made as one commit too.
func (s *Server) mergeCommit(p *pull, by actor, in mergeRequest, tree, base git.ID) git.Commit {
	c := git.Commit{
		Tree:      tree,
		Parents:   []git.ID{base, p.headID},
		Author:    git.Person{Name: by.login, Email: by.email(), When: s.now()},
		Committer: s.webFlow(),
		Message:   fmt.Sprintf("Merge pull request #%d from %s/%s\n\n%s", p.number, p.from.owner.login, p.head, p.title),
		Signature: signature,
	}
	if in.method == "SQUASH" || in.method == "REBASE" {
		c.Parents = []git.ID{base}
		c.Message = fmt.Sprintf("%s (#%d)", p.title, p.number)
	}
	if in.title != "" {
		c.Message = in.title
		if in.message != "" {
			c.Message += "\n\n" + in.message
		}
	}
	return c
}

func (s *Server) markMerged(p *pull, by actor, commit git.ID) {
	p.open, p.merged, p.mergeID = false, true, commit
	p.closed, p.updated, p.closedBy, p.auto = s.now(), s.now(), by.account, nil
	s.emitPull(p, by, "closed")
}

// enableAutoMerge asks for a merge as soon as it may be, or says why not.
func (s *Server) enableAutoMerge(p *pull, by actor, in mergeRequest) error {
	switch state := s.mergeState(p); {
	case !p.repository.options.AutoMerge:
		return unprocessable("Auto merge is not allowed for this repository")
	case !p.open:
		return unprocessable("Pull request is closed")
	case in.head != "" && in.head != p.headID:
		return unprocessable("Head branch was modified. Review and try the merge again.")
	case state == "CLEAN":
		return unprocessable("Pull request Pull request is in clean status")
	}
	p.auto = &autoMerge{by: by.account, method: in.method, title: in.title, message: in.message, enabled: s.now(), quiet: by.quiet}
	p.updated = s.now()
	s.emitPull(p, by, "auto_merge_enabled")
	return nil
}

// tryAutoMerge merges a pull request that waited for what has just come.
func (s *Server) tryAutoMerge(p *pull) {
	if p.auto == nil || !p.open || p.draft || p.waits() {
		return
	}
	a := p.auto
	_ = s.mergePull(p, actor{a.by, a.quiet}, mergeRequest{method: a.method, title: a.title, message: a.message}) // a conflict: it waits on
}

func (s *Server) approve(p *pull, by *account) {
	if !slices.Contains(p.approved, by) {
		p.approved = append(p.approved, by)
	}
	s.tryAutoMerge(p)
}
