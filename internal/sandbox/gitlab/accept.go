package gitlab

import (
	"fmt"
	"net/http"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// mergeStatus says whether a merge request can be merged, in the words of
// detailed_merge_status.
//
// Spec: GitLab's "Merge requests API", merge status.
func (s *Server) mergeStatus(m *mergeRequest) string {
	if m.state != "opened" {
		return "not_open"
	}
	base := m.against()
	if key := string(m.head + base); s.options.CheckingFirst && m.seen != key {
		m.seen = key
		return "checking"
	}
	o := m.project.options
	_, conflicts := m.mergedTree()
	ran := s.headPipeline(m)
	switch {
	case m.draft():
		return "draft_status"
	case len(m.commits()) == 0:
		return "commits_status"
	case conflicts:
		return "conflict"
	case o.MergeMethod != "merge" && !m.project.git.IsAncestor(base, m.head):
		return "need_rebase"
	case o.RequireApproval && len(m.approved) == 0:
		return "not_approved"
	case o.RequirePipeline && ran != nil && ran.active():
		return "ci_still_running"
	case o.RequirePipeline && (ran == nil || ran.status != "success"):
		return "ci_must_pass"
	}
	return "mergeable"
}

// mergedTree returns what a merge would make; true for conflicts.
func (m *mergeRequest) mergedTree() (tree git.ID, conflicts bool) {
	r, base := m.project.git, m.against()
	ancestor, _ := r.MergeBase(base, m.head)
	tree, paths, err := r.Merge(r.TreeOf(ancestor), r.TreeOf(base), r.TreeOf(m.head))
	return tree, err != nil || len(paths) > 0
}

// acceptance is how a merge request is to be merged.
type acceptance struct {
	sha                    git.ID // that it must have; empty for any
	squash, removeSource   bool
	auto                   bool   // when its checks have passed
	message, squashMessage string // empty for GitLab's own
}

// accept merges as GitLab would, now or when the checks have passed, or says
// why not.
func (s *Server) accept(m *mergeRequest, by *account, in acceptance) error {
	switch status := s.mergeStatus(m); {
	case in.sha != "" && in.sha != m.head && m.state == "opened":
		return &apiError{Status: http.StatusConflict, Message: "SHA does not match HEAD of source branch: " + string(m.head)}
	case in.auto && s.waitsFor(m, status):
		m.auto = &autoMerge{by: by, squash: in.squash, removeSource: in.removeSource}
		m.squash, m.removeSource, m.updated = in.squash, in.removeSource, s.now()
		s.addSystemNote(m, by, "enabled an automatic merge when the pipeline for "+string(m.head)[:8]+" succeeds")
		s.emitMerge(m, by, "update")
		return nil
	case in.auto && s.headPipeline(m) == nil, status == "checking", status != "mergeable" && status != "conflict":
		return &apiError{Status: http.StatusMethodNotAllowed, Message: "405 Method Not Allowed"}
	case status == "conflict":
		return unprocessable("Branch cannot be merged")
	}
	return s.mergeNow(m, by, in)
}

// cancel takes back that a merge request is merged by itself.
func (s *Server) cancel(m *mergeRequest, by *account) {
	m.auto, m.updated = nil, s.now()
	s.addSystemNote(m, by, "canceled the automatic merge")
}

// waitsFor reports whether there is something whose success a merge can wait
// for.
func (s *Server) waitsFor(m *mergeRequest, status string) bool {
	if ran := s.headPipeline(m); ran != nil && ran.active() {
		return status == "mergeable" || status == "ci_still_running" || status == "not_approved"
	}
	return status == "not_approved"
}

func (s *Server) mergeNow(m *mergeRequest, by *account, in acceptance) error {
	p, base := m.project, m.against()
	tree, _ := m.mergedTree()
	who := s.signs(by)
	tip := m.head
	if in.squash && len(m.commits()) > 1 || p.options.SquashOption == "always" {
		c, err := p.git.PutCommit(git.Commit{Tree: tree, Parents: []git.ID{base}, Author: s.signs(m.author), Committer: who, Message: orElse(in.squashMessage, m.title), Signature: s.signature()})
		if err != nil {
			return err
		}
		m.squashCommit, tip = c.ID, c.ID
	}
	if p.options.MergeMethod != "ff" {
		message := orElse(in.message, fmt.Sprintf("Merge branch '%s' into '%s'\n\n%s\n\nSee merge request %s!%d", m.branch, m.target, m.title, p.path(), m.iid))
		c, err := p.git.PutCommit(git.Commit{Tree: tree, Parents: []git.ID{base, tip}, Author: who, Committer: who, Message: message, Signature: s.signature()})
		if err != nil {
			return err
		}
		m.mergeCommit, tip = c.ID, c.ID
	}
	m.base = base
	m.squash, m.removeSource = in.squash, in.removeSource
	s.markMerged(m, by)
	if err := s.moveBranch(p, by, m.target, base, tip); err != nil {
		return err
	}
	if head, ok := m.source.git.Ref(git.BranchPrefix + m.branch); ok && in.removeSource && m.branch != m.source.options.DefaultBranch {
		return s.moveBranch(m.source, by, m.branch, head, "")
	}
	return nil
}

func (s *Server) markMerged(m *mergeRequest, by *account) {
	m.state, m.merged, m.updated, m.mergedBy, m.auto = "merged", s.now(), s.now(), by, nil
	s.emitMerge(m, by, "merge")
}

// tryAutoMerge merges a merge request that waited for what has just come.
func (s *Server) tryAutoMerge(m *mergeRequest) {
	if m.auto == nil || s.mergeStatus(m) != "mergeable" {
		return
	}
	if ran := s.headPipeline(m); ran != nil && ran.status != "success" {
		return
	}
	a := m.auto
	_ = s.mergeNow(m, a.by, acceptance{squash: a.squash, removeSource: a.removeSource}) // it is mergeable
}

// bringers are the merge requests that a commit is in: one that they bring, or
// that merged them.
func (p *project) bringers(sha git.ID) []*mergeRequest {
	var found []*mergeRequest
	for _, m := range p.merges[1:] {
		if m.mergeCommit == sha || m.squashCommit == sha || m.brings(sha) {
			found = append(found, m)
		}
	}
	return found
}

func (m *mergeRequest) brings(sha git.ID) bool {
	for _, c := range m.commits() {
		if c.ID == sha {
			return true
		}
	}
	return false
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// signature stands for GitLab's own on a commit that it makes: it has the form
// of one, and says that it is none.
func (s *Server) signature() string {
	if s.options.Unsigned {
		return ""
	}
	return `-----BEGIN SSH SIGNATURE-----
c2lnbmVkIGJ5IHRoZSBzYW5kYm94OiBubyBvbmUgYnV0IHRoZSBzYW5kYm94IGJlbGlldmVzIGl0
-----END SSH SIGNATURE-----
`
}
