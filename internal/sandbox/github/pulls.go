package github

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// PullRequest is a pull request as it stands.
type PullRequest struct {
	Number      int
	ID          string // GraphQL's
	URL         string
	State       string // OPEN, CLOSED, MERGED
	Title       string
	Body        string
	Author      string // login
	Base        string
	Head        string
	HeadID      string
	Draft       bool
	Mergeable   string // MERGEABLE, CONFLICTING, UNKNOWN
	AutoMerge   string // MERGE, SQUASH, REBASE; empty for off
	Labels      []string
	Assignees   []string
	Reviewers   []string // users, and owner/team
	Commits     []string // ids, parents first
	Files       []string // paths that it changes
	ClosedBy    string
	MergeCommit string
	Updated     time.Time
}

// Comment is a comment on a pull request.
type Comment struct {
	Author, Body string
}

// PullRequests returns the pull requests of a repository by number; none for a
// repository that is not there.
func (s *Server) PullRequests(name string) (pulls []PullRequest) {
	_ = s.on(name, func(r *repository) error {
		for _, p := range r.pulls[1:] {
			pulls = append(pulls, s.describe(p))
		}
		return nil
	})
	return pulls
}

func (s *Server) describe(p *pull) PullRequest {
	d := PullRequest{
		Number: p.number, ID: p.nodeID(), URL: p.url(s.web()), State: p.state(), Title: p.title, Body: p.body,
		Author: p.author.login, Base: p.base, Head: p.head, HeadID: string(p.headID), Draft: p.draft,
		Mergeable: s.mergeable(p), Labels: slices.Clone(p.labels), Assignees: logins(p.assignees),
		Reviewers: logins(p.reviewers), MergeCommit: string(p.mergeID), Updated: p.updated,
	}
	for _, slug := range p.teams {
		d.Reviewers = append(d.Reviewers, p.repository.owner.login+"/"+slug)
	}
	if p.auto != nil {
		d.AutoMerge = p.auto.method
	}
	if p.closedBy != nil {
		d.ClosedBy = p.closedBy.login
	}
	for _, c := range p.commits() {
		d.Commits = append(d.Commits, string(c.ID))
	}
	for _, f := range p.files() {
		d.Files = append(d.Files, f.Path)
	}
	return d
}

func (p *pull) state() string {
	switch {
	case p.open:
		return "OPEN"
	case p.merged:
		return "MERGED"
	}
	return "CLOSED"
}

func (p *pull) nodeID() string { return nodeID("PR", p.id) }

func (p *pull) url(web string) string {
	return fmt.Sprintf("%s/%s/pull/%d", web, p.repository.fullName(), p.number)
}

func logins(accounts []*account) []string {
	var names []string
	for _, a := range accounts {
		names = append(names, a.login)
	}
	return names
}

// OpenPull opens a pull request as a person would and returns its number. head
// is a branch, or owner:branch for one of a fork of the same name.
func (s *Server) OpenPull(name, by, head, base, title, body string) (number int, err error) {
	err = s.on(name, func(r *repository) error {
		in := newPull{head: head, base: base, title: title, body: body}
		if owner, branch, ok := strings.Cut(head, ":"); ok {
			in.head = branch
			if in.from = s.repository(owner + "/" + r.name); in.from == nil {
				return fmt.Errorf("fork of %s: %w", owner, git.ErrNotFound)
			}
		}
		p, err := s.createPull(r, actor{account: s.person(by)}, in)
		if err == nil {
			number = p.number
		}
		return err
	})
	return number, err
}

// Merge merges a pull request as a person would.
func (s *Server) Merge(name string, number int, by string) error {
	return s.onPull(name, number, func(p *pull) error {
		return s.mergePull(p, actor{account: s.person(by)}, mergeRequest{method: "MERGE"})
	})
}

// ClosePull closes a pull request unmerged, as a person would.
func (s *Server) ClosePull(name string, number int, by string) error {
	return s.onPull(name, number, func(p *pull) error {
		s.closePull(p, actor{account: s.person(by)})
		return nil
	})
}

// Reopen opens a closed pull request again, as a person would.
func (s *Server) Reopen(name string, number int, by string) error {
	return s.onPull(name, number, func(p *pull) error { return s.reopenPull(p, actor{account: s.person(by)}) })
}

// Approve approves a pull request; one that waited for that to be merged is.
func (s *Server) Approve(name string, number int, by string) error {
	return s.onPull(name, number, func(p *pull) error {
		s.approve(p, s.person(by))
		return nil
	})
}

// ChecksPassed says that the required checks have passed on the pull request's
// head; one that waited for that to be merged is.
func (s *Server) ChecksPassed(name string, number int) error {
	return s.onPull(name, number, func(p *pull) error {
		p.checked = true
		s.tryAutoMerge(p)
		return nil
	})
}

// EditPull changes title and body of a pull request as a person would.
func (s *Server) EditPull(name string, number int, by, title, body string) error {
	return s.onPull(name, number, func(p *pull) error {
		p.title, p.body, p.updated = title, body, s.now()
		s.emitPull(p, actor{account: s.person(by)}, "edited")
		return nil
	})
}

// CheckBox ticks the one unticked check box in a pull request's body whose line
// contains text, as a person would.
func (s *Server) CheckBox(name string, number int, by, text string) error {
	return s.onPull(name, number, func(p *pull) error {
		lines := strings.Split(p.body, "\n")
		for i, line := range lines {
			if strings.Contains(line, text) && strings.Contains(line, "[ ]") {
				lines[i] = strings.Replace(line, "[ ]", "[x]", 1)
				p.body, p.updated = strings.Join(lines, "\n"), s.now()
				s.emitPull(p, actor{account: s.person(by)}, "edited")
				return nil
			}
		}
		return fmt.Errorf("check box %q: %w", text, git.ErrNotFound)
	})
}

// Label gives a pull request labels, as a person would.
func (s *Server) Label(name string, number int, labels ...string) error {
	return s.onPull(name, number, func(p *pull) error {
		s.addLabels(p, labels)
		return nil
	})
}

// Comment comments on a pull request as a person would.
func (s *Server) Comment(name string, number int, by, body string) error {
	return s.onPull(name, number, func(p *pull) error {
		s.addComment(p, s.person(by), body)
		return nil
	})
}

// Comments returns the comments on a pull request, oldest first; none for one
// that is not there.
func (s *Server) Comments(name string, number int) (comments []Comment) {
	_ = s.onPull(name, number, func(p *pull) error {
		for _, c := range p.comments {
			comments = append(comments, Comment{Author: c.author.login, Body: c.body})
		}
		return nil
	})
	return comments
}

func (s *Server) onPull(name string, number int, f func(*pull) error) error {
	return s.on(name, func(r *repository) error {
		p := r.pull(number)
		if p == nil {
			return fmt.Errorf("pull request %d: %w", number, git.ErrNotFound)
		}
		return f(p)
	})
}

func (s *Server) addComment(p *pull, by *account, body string) *comment {
	c := &comment{id: s.newID(), author: by, body: body, created: s.now()}
	p.comments = append(p.comments, c)
	p.updated = s.now()
	return c
}

// addLabels gives labels, making those that the repository has not.
func (s *Server) addLabels(p *pull, labels []string) {
	for _, name := range labels {
		if p.repository.labels[name] == 0 {
			p.repository.labels[name] = s.newID()
		}
		if !slices.Contains(p.labels, name) {
			p.labels = append(p.labels, name)
			p.updated = s.now()
		}
	}
}
