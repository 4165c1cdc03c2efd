package gitlab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// MergeRequest is a merge request as it stands.
type MergeRequest struct {
	IID                int
	ID                 int64
	URL                string
	State              string // opened, closed, merged
	Title              string // with its Draft: prefix
	Description        string
	Author             string // username
	Source, Target     string // branches
	SHA                string // of the source
	Draft              bool
	Status             string // detailed_merge_status: mergeable, conflict, draft_status, checking ...
	AutoMerge          bool
	Squash             bool
	RemoveSource       bool
	Labels             []string
	Assignees          []string // usernames
	Reviewers          []string
	Approved           []string
	Commits            []string // ids, parents first
	Files              []string // paths that it changes
	ClosedBy, MergedBy string
	MergeCommit        string
	SquashCommit       string
	Updated            time.Time
}

// Note is a note on a merge request.
type Note struct {
	Author, Body string
}

// MergeRequests returns the merge requests of a project by iid; none for a
// project that is not there.
func (s *Server) MergeRequests(path string) (merges []MergeRequest) {
	_ = s.on(path, func(p *project) error {
		for _, m := range p.merges[1:] {
			merges = append(merges, s.describe(m))
		}
		return nil
	})
	return merges
}

// MergeRequestOf returns the iid of the merge request that brought a commit to
// its target branch; 0 for none.
func (s *Server) MergeRequestOf(path, sha string) (iid int) {
	_ = s.on(path, func(p *project) error {
		for _, m := range p.bringers(git.ID(sha)) {
			if m.state == "merged" {
				iid = m.iid
			}
		}
		return nil
	})
	return iid
}

func (s *Server) describe(m *mergeRequest) MergeRequest {
	d := MergeRequest{
		IID: m.iid, ID: m.id, URL: m.url(s.URL()), State: m.state, Title: m.title, Description: m.description,
		Author: m.author.username, Source: m.branch, Target: m.target, SHA: string(m.head), Draft: m.draft(),
		Status: s.mergeStatus(m), AutoMerge: m.auto != nil, Squash: m.squash, RemoveSource: m.removeSource,
		Labels: slices.Clone(m.labels), Assignees: usernames(m.assignees), Reviewers: usernames(m.reviewers),
		Approved: usernames(m.approved), ClosedBy: m.closedBy.login(), MergedBy: m.mergedBy.login(),
		MergeCommit: string(m.mergeCommit), SquashCommit: string(m.squashCommit), Updated: m.updated,
	}
	for _, c := range m.commits() {
		d.Commits = append(d.Commits, string(c.ID))
	}
	for _, f := range m.files() {
		d.Files = append(d.Files, f.Path)
	}
	return d
}

func (m *mergeRequest) url(web string) string {
	return fmt.Sprintf("%s/%s/-/merge_requests/%d", web, m.project.path(), m.iid)
}

// login is the username; empty for nobody.
func (a *account) login() string {
	if a == nil {
		return ""
	}
	return a.username
}

func usernames(accounts []*account) []string {
	var names []string
	for _, a := range accounts {
		names = append(names, a.username)
	}
	return names
}

// OpenMergeRequest opens a merge request as a person would and returns its iid.
func (s *Server) OpenMergeRequest(path, by, source, target, title, description string) (iid int, err error) {
	err = s.on(path, func(p *project) error {
		m, err := s.createMerge(p, s.person(by), newMerge{branch: source, target: target, title: title, description: description})
		if err == nil {
			iid = m.iid
		}
		return err
	})
	return iid, err
}

// OpenForeign forks a project into a person's namespace, pushes files to a
// branch there and opens a merge request from it. It returns the iid and the
// commit.
func (s *Server) OpenForeign(path, by, source, target, title string, files ...File) (iid int, commit string, err error) {
	err = s.on(path, func(p *project) error {
		who := s.person(by)
		fork := s.projects[fold(by+"/"+p.name)]
		if fork == nil {
			if fork, err = s.createProject(by+"/"+p.name, ProjectOptions{ForkOf: path, Visibility: p.options.Visibility}, nil); err != nil {
				return err
			}
		}
		if commit, err = s.push(fork, source, who, "Change from a fork", files); err != nil {
			return err
		}
		m, err := s.createMerge(p, who, newMerge{source: fork, branch: source, target: target, title: title})
		if err == nil {
			iid = m.iid
		}
		return err
	})
	return iid, commit, err
}

// MergeMergeRequest merges a merge request as a person would.
func (s *Server) MergeMergeRequest(path string, iid int, by string) error {
	return s.onMerge(path, iid, func(m *mergeRequest) error {
		return s.accept(m, s.person(by), acceptance{squash: m.squash, removeSource: m.removeSource})
	})
}

// CloseMergeRequest closes a merge request unmerged, as a person would.
func (s *Server) CloseMergeRequest(path string, iid int, by string) error {
	return s.onMerge(path, iid, func(m *mergeRequest) error {
		s.closeMerge(m, s.person(by))
		return nil
	})
}

// ReopenMergeRequest opens a closed one again, as a person would.
func (s *Server) ReopenMergeRequest(path string, iid int, by string) error {
	return s.onMerge(path, iid, func(m *mergeRequest) error { return s.reopenMerge(m, s.person(by)) })
}

// ApproveMergeRequest approves a merge request as a person would; one that
// waited for that to be merged is.
func (s *Server) ApproveMergeRequest(path string, iid int, by string) error {
	return s.onMerge(path, iid, func(m *mergeRequest) error {
		if who := s.person(by); !slices.Contains(m.approved, who) {
			m.approved = append(m.approved, who)
		}
		s.tryAutoMerge(m)
		return nil
	})
}

// EditMergeRequest changes title and description as a person would.
func (s *Server) EditMergeRequest(path string, iid int, by, title, description string) error {
	return s.onMerge(path, iid, func(m *mergeRequest) error {
		m.title, m.updated = title, s.now()
		m.description = s.quickActions(m, s.person(by), description)
		s.emitMerge(m, s.person(by), "update")
		return nil
	})
}

// CheckBox ticks the one unticked check box in a description whose line
// contains text, as a person would.
func (s *Server) CheckBox(path string, iid int, by, text string) error {
	return s.onMerge(path, iid, func(m *mergeRequest) error {
		lines := strings.Split(m.description, "\n")
		for i, line := range lines {
			if strings.Contains(line, text) && strings.Contains(line, "[ ]") {
				lines[i] = strings.Replace(line, "[ ]", "[x]", 1)
				m.description, m.updated = strings.Join(lines, "\n"), s.now()
				s.emitMerge(m, s.person(by), "update")
				return nil
			}
		}
		return fmt.Errorf("check box %q: %w", text, git.ErrNotFound)
	})
}

// CancelAutoMerge takes automerge back, as a person would; it does nothing where
// it is not set.
func (s *Server) CancelAutoMerge(path string, iid int, by string) error {
	return s.onMerge(path, iid, func(m *mergeRequest) error {
		if m.auto != nil {
			s.cancel(m, s.person(by))
		}
		return nil
	})
}

// Label gives a merge request labels, as a person would.
func (s *Server) Label(path string, iid int, labels ...string) error {
	return s.onMerge(path, iid, func(m *mergeRequest) error {
		s.addLabels(m, labels)
		return nil
	})
}

// Comment puts a note on a merge request as a person would.
func (s *Server) Comment(path string, iid int, by, body string) error {
	return s.onMerge(path, iid, func(m *mergeRequest) error {
		s.addNote(m, s.person(by), body)
		return nil
	})
}

// Notes returns what people, and programs, have said on a merge request, oldest
// first; none for one that is not there.
func (s *Server) Notes(path string, iid int) (notes []Note) {
	_ = s.onMerge(path, iid, func(m *mergeRequest) error {
		for _, n := range m.notes {
			if !n.system {
				notes = append(notes, Note{Author: n.author.username, Body: n.body})
			}
		}
		return nil
	})
	return notes
}

func (s *Server) onMerge(path string, iid int, f func(*mergeRequest) error) error {
	return s.on(path, func(p *project) error {
		m := p.merge(iid)
		if m == nil {
			return fmt.Errorf("merge request %d: %w", iid, git.ErrNotFound)
		}
		return f(m)
	})
}
