package github

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// maxBody is how long a title's or comment's text may be, in characters.
const maxBody = 65536

type pull struct {
	id         int64
	repository *repository
	number     int
	title      string
	body       string
	author     *account
	draft      bool
	head       string      // branch
	from       *repository // where head is; nil once that is gone
	headID     git.ID
	base       string
	baseID     git.ID // of an open one: when it was made or its head last moved

	open                     bool
	merged                   bool
	mergeID                  git.ID
	closedBy                 *account
	created, updated, closed time.Time

	labels    []string
	assignees []*account
	reviewers []*account
	teams     []string // slugs
	comments  []*comment
	approved  []*account
	checked   bool // required checks have passed on this head
	auto      *autoMerge
	seen      string // heads for which somebody has asked whether it can be merged
}

type autoMerge struct {
	by             *account
	method         string // MERGE, SQUASH, REBASE
	title, message string
	enabled        time.Time
	quiet          bool
}

type comment struct {
	id      int64
	author  *account
	body    string
	created time.Time
}

// newPull is what a pull request is made of.
type newPull struct {
	head, base, title, body string
	draft                   bool
	from                    *repository // nil for the repository itself
}

// actor is who does something, and whether workflows hear of it.
type actor struct {
	*account
	quiet bool
}

// pull returns a pull request by its number; nil for none.
func (r *repository) pull(number int) *pull {
	if number < 1 || number >= len(r.pulls) {
		return nil
	}
	return r.pulls[number]
}

func (r *repository) openPulls() []*pull {
	return slices.DeleteFunc(slices.Clone(r.pulls[1:]), func(p *pull) bool { return !p.open })
}

// createPull opens a pull request as GitHub would, or says why not.
func (s *Server) createPull(r *repository, by actor, in newPull) (*pull, error) {
	from := in.from
	if from == nil {
		from = r
	}
	headID, hasHead := from.git.Ref(git.BranchPrefix + in.head)
	baseID, hasBase := r.git.Ref(git.BranchPrefix + in.base)
	if err := checkPull(r, from, in, hasHead, hasBase); err != nil {
		return nil, err
	}
	if from != r {
		if err := r.git.Fetch(from.git, headID); err != nil {
			return nil, err
		}
	}
	if r.git.IsAncestor(headID, baseID) {
		return nil, invalid("PullRequest", fmt.Sprintf("No commits between %s and %s", in.base, in.head))
	}
	p := &pull{
		id: s.newID(), repository: r, number: len(r.pulls), title: in.title, body: in.body, author: by.account, draft: in.draft,
		head: in.head, from: from, headID: headID, base: in.base, baseID: baseID,
		open: true, created: s.now(), updated: s.now(),
	}
	r.pulls = append(r.pulls, p)
	s.pulls[p.id] = p
	if from != r {
		s.foreign = append(s.foreign, p)
	}
	s.emitPull(p, by, "opened")
	return p, nil
}

func checkPull(r, from *repository, in newPull, hasHead, hasBase bool) error {
	switch {
	case !hasHead:
		e := invalidField("PullRequest", "head", "invalid")
		e.sentence = fmt.Sprintf("Head sha can't be blank, Base sha can't be blank, No commits between %s and %s, Head ref must be a branch", in.base, in.head)
		return e
	case !hasBase:
		e := invalidField("PullRequest", "base", "invalid")
		e.sentence = "Base ref must be a branch"
		return e
	case strings.TrimSpace(in.title) == "":
		e := invalidField("PullRequest", "title", "missing_field")
		e.sentence = "Title can't be blank"
		return e
	}
	for _, p := range r.openPulls() {
		if p.head == in.head && p.from == from && p.base == in.base {
			return invalid("PullRequest", fmt.Sprintf("A pull request already exists for %s:%s.", from.owner.login, in.head))
		}
	}
	return checkBody(in.body)
}

func checkBody(body string) error {
	if len([]rune(body)) > maxBody {
		return invalid("PullRequest", fmt.Sprintf("body is too long (maximum is %d characters)", maxBody))
	}
	return nil
}

// closePull closes one that is open, unmerged.
func (s *Server) closePull(p *pull, by actor) {
	if !p.open {
		return
	}
	s.freeze(p)
	p.open, p.closed, p.updated, p.closedBy, p.auto = false, s.now(), s.now(), by.account, nil
	s.emitPull(p, by, "closed")
}

// freeze remembers what a pull request that ends is compared with.
func (s *Server) freeze(p *pull) {
	if id, ok := p.repository.git.Ref(git.BranchPrefix + p.base); ok {
		p.baseID = id
	}
}

// reopenPull opens a closed one again, if its branches are still there.
func (s *Server) reopenPull(p *pull, by actor) error {
	if p.open {
		return nil
	}
	headID, hasHead := p.from.git.Ref(git.BranchPrefix + p.head)
	_, hasBase := p.repository.git.Ref(git.BranchPrefix + p.base)
	switch {
	case p.merged:
		return invalid("PullRequest", "state cannot be changed. The pull request cannot be reopened.")
	case !hasHead:
		return invalid("PullRequest", fmt.Sprintf("state cannot be changed. The %s branch has been deleted.", p.head))
	case !hasBase:
		return invalid("PullRequest", fmt.Sprintf("state cannot be changed. The %s branch has been deleted.", p.base))
	case headID != p.headID && !p.repository.git.IsAncestor(p.headID, headID):
		return invalid("PullRequest", fmt.Sprintf("state cannot be changed. The %s branch was force-pushed or recreated.", p.head))
	}
	for _, other := range p.repository.openPulls() {
		if other.head == p.head && other.base == p.base && other.from == p.from {
			return invalid("PullRequest", fmt.Sprintf("state cannot be changed. There is already an open pull request from %s to %s.", p.head, p.base))
		}
	}
	p.headID = headID
	p.open, p.closed, p.closedBy, p.updated = true, time.Time{}, nil, s.now()
	s.emitPull(p, by, "reopened")
	return nil
}

// treeOf returns the tree of a commit; empty for one that is not there.
func (s *Server) treeOf(r *repository, commit git.ID) git.ID {
	c, err := r.git.Commit(commit)
	if err != nil {
		return ""
	}
	return c.Tree
}

// commits returns what the pull request brings, parents first.
func (p *pull) commits() []git.Commit { return p.repository.git.Between(p.against(), p.headID) }

// against is the commit that the pull request is compared with.
func (p *pull) against() git.ID {
	if id, ok := p.repository.git.Ref(git.BranchPrefix + p.base); ok && p.open {
		return id
	}
	return p.baseID
}

// files returns what the pull request changes.
func (p *pull) files() []change {
	r := p.repository
	base, ok := r.git.MergeBase(p.against(), p.headID)
	if !ok {
		base = ""
	}
	before, _ := r.git.Commit(base) // unrelated histories: everything is new
	after, _ := r.git.Commit(p.headID)
	return renames(r.git.Diff(before.Tree, after.Tree))
}

func notMergeable(message string) *apiError {
	return &apiError{Status: http.StatusMethodNotAllowed, Kind: "UNPROCESSABLE", Message: message}
}
