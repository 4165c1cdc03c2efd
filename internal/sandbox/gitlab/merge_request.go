package gitlab

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// maxText is how long a description or note may be, in characters.
const maxText = 1_048_576

// mergeRequest is a merge request.
type mergeRequest struct {
	id          int64
	iid         int
	project     *project
	source      *project // where the source branch is
	branch      string   // source
	target      string
	title       string // with its Draft: prefix
	description string
	author      *account

	head  git.ID
	base  git.ID // the target's commit: when it was made, or at the end
	state string // opened, closed, merged

	mergeCommit, squashCommit        git.ID
	closedBy, mergedBy               *account
	created, updated, closed, merged time.Time

	labels       []string
	assignees    []*account
	reviewers    []*account
	approved     []*account
	notes        []*note
	squash       bool
	removeSource bool
	auto         *autoMerge
	seen         string // heads for which somebody has asked whether it can be merged
}

type autoMerge struct {
	by           *account
	squash       bool
	removeSource bool
}

type note struct {
	id      int64
	author  *account
	body    string
	system  bool
	created time.Time
}

// newMerge is what a merge request is made of.
type newMerge struct {
	source               *project // nil for the project itself
	branch, target       string
	title, description   string
	labels               []string
	assignees, reviewers []*account
	squash, removeSource bool
}

// draftPrefix is what a draft's title begins with.
//
// Spec: GitLab's "Draft merge requests".
var draftPrefix = regexp.MustCompile(`(?i)^\s*(\[draft\]|\(draft\)|draft:)\s*`)

func (m *mergeRequest) draft() bool { return draftPrefix.MatchString(m.title) }

// merge returns a merge request by its iid; nil for none.
func (p *project) merge(iid int) *mergeRequest {
	if iid < 1 || iid >= len(p.merges) {
		return nil
	}
	return p.merges[iid]
}

func (p *project) opened() []*mergeRequest {
	return slices.DeleteFunc(slices.Clone(p.merges[1:]), func(m *mergeRequest) bool { return m.state != "opened" })
}

// createMerge opens a merge request as GitLab would, or says why not.
func (s *Server) createMerge(p *project, by *account, in newMerge) (*mergeRequest, error) {
	if in.source == nil {
		in.source = p
	}
	head, err := s.checkMerge(p, in)
	if err != nil {
		return nil, err
	}
	if in.source != p {
		if err := p.git.Fetch(in.source.git, head); err != nil {
			return nil, err
		}
	}
	base, _ := p.git.Ref(git.BranchPrefix + in.target)
	m := &mergeRequest{
		id: s.newID(), iid: len(p.merges), project: p, source: in.source, branch: in.branch, target: in.target,
		title: in.title, author: by, head: head, base: base, state: "opened", created: s.now(), updated: s.now(),
		assignees: in.assignees, reviewers: in.reviewers, squash: in.squash, removeSource: in.removeSource,
	}
	p.merges = append(p.merges, m)
	s.requestsID[m.id] = m
	s.addLabels(m, in.labels)
	s.emitMerge(m, by, "open")
	s.startPipeline(m)
	m.description = s.quickActions(m, by, in.description)
	return m, nil
}

// checkMerge says why a merge request cannot be made.
func (s *Server) checkMerge(p *project, in newMerge) (git.ID, error) {
	head, hasHead := in.source.git.Ref(git.BranchPrefix + in.branch)
	_, hasTarget := p.git.Ref(git.BranchPrefix + in.target)
	switch {
	case strings.TrimSpace(in.title) == "":
		return "", unprocessable("Title can't be blank")
	case len([]rune(in.description)) > maxText:
		return "", unprocessable(fmt.Sprintf("Description is too long (%d characters). The maximum size is %d characters.", len([]rune(in.description)), maxText))
	case in.source == p && in.branch == in.target:
		return "", unprocessable("You can't use same project/branch for source and target")
	case !hasHead:
		return "", unprocessable(fmt.Sprintf("Source branch %q does not exist", in.branch))
	case !hasTarget:
		return "", unprocessable(fmt.Sprintf("Target branch %q does not exist", in.target))
	}
	for _, m := range p.opened() {
		if m.branch == in.branch && m.source == in.source && m.target == in.target {
			return "", &apiError{Status: 409, Message: []string{fmt.Sprintf("Another open merge request already exists for this source branch: !%d", m.iid)}}
		}
	}
	return head, nil
}

// commits returns what the merge request brings, parents first.
func (m *mergeRequest) commits() []git.Commit { return m.project.git.Between(m.against(), m.head) }

// against is the commit that the merge request is compared with.
func (m *mergeRequest) against() git.ID {
	if id, ok := m.project.git.Ref(git.BranchPrefix + m.target); ok && m.state == "opened" {
		return id
	}
	return m.base
}

// files returns what the merge request changes.
func (m *mergeRequest) files() []git.Difference {
	r := m.project.git
	base, _ := r.MergeBase(m.against(), m.head) // unrelated histories: everything is new
	return r.Diff(r.TreeOf(base), r.TreeOf(m.head))
}

// closeMerge closes one that is open, unmerged.
func (s *Server) closeMerge(m *mergeRequest, by *account) {
	if m.state != "opened" {
		return
	}
	m.base = m.against()
	m.state, m.closed, m.updated, m.closedBy, m.auto = "closed", s.now(), s.now(), by, nil
	s.emitMerge(m, by, "close")
}

// reopenMerge opens a closed one again, if its source branch is still there.
func (s *Server) reopenMerge(m *mergeRequest, by *account) error {
	head, ok := m.source.git.Ref(git.BranchPrefix + m.branch)
	switch {
	case m.state != "closed":
		return nil
	case !ok:
		return unprocessable(fmt.Sprintf("Source branch %q does not exist. Please restore it before reopening the merge request.", m.branch))
	}
	for _, other := range m.project.opened() {
		if other.branch == m.branch && other.source == m.source && other.target == m.target {
			return &apiError{Status: 409, Message: []string{fmt.Sprintf("Another open merge request already exists for this source branch: !%d", other.iid)}}
		}
	}
	if m.source != m.project {
		if err := m.project.git.Fetch(m.source.git, head); err != nil {
			return err
		}
	}
	m.head, m.state, m.closed, m.closedBy, m.updated = head, "opened", time.Time{}, nil, s.now()
	s.emitMerge(m, by, "reopen")
	return nil
}

// addLabels gives labels, making those that the project has not.
func (s *Server) addLabels(m *mergeRequest, labels []string) {
	for _, name := range labels {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if m.project.labels[name] == 0 {
			m.project.labels[name] = s.newID()
		}
		if !slices.Contains(m.labels, name) {
			m.labels = append(m.labels, name)
			m.updated = s.now()
		}
	}
}

// addSystemNote notes what happened to a merge request.
func (s *Server) addSystemNote(m *mergeRequest, by *account, body string) {
	s.addNote(m, by, body).system = true
}

// userNotes counts what people have said.
func (m *mergeRequest) userNotes() (n int) {
	for _, one := range m.notes {
		if !one.system {
			n++
		}
	}
	return n
}

func (s *Server) addNote(m *mergeRequest, by *account, body string) *note {
	n := &note{id: s.newID(), author: by, body: body, created: s.now()}
	m.notes = append(m.notes, n)
	m.updated = s.now()
	return n
}
