package demo

import (
	"net/http"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// site is the forge of a world: what it serves and shows, and what people do
// there. Repositories go by their full names, states by GitHub's words.
type site interface {
	people
	Handler() http.Handler
	create(repository string, o repositoryOptions, files ...git.File) error
	pulls(repository string) []pull
	comments(repository string, number int) int
	File(repository, ref, path string) ([]byte, error)
	Counts() (reads, writes int)
}

// people do what they do on the site's pages, or with git.
type people interface {
	Push(repository, branch, by, message string, files ...git.File) (commit string, err error)
	merge(repository string, number int, by string) error
	close(repository string, number int, by string) error
	reopen(repository string, number int, by string) error
}

// repositoryOptions are what is out of the ordinary about a repository.
type repositoryOptions struct {
	empty, archived bool
	forkOf          string // full name
}

// pull is a pull or merge request as it stands.
type pull struct {
	number                            int
	state                             string // OPEN, CLOSED, MERGED
	title, body, author, head, headID string
	files                             []string // that it changes
}

// newSite makes the site of a flavor, with the world's organisation or group
// and a token that may do what basekeeper needs.
func newSite(opts WorldOptions) site {
	if opts.Flavor == forge.GitLab {
		s := lab.New(lab.Options{Now: opts.Now})
		s.AddGroup(Organization)
		// The role Developer would do for basekeeper; who plays merges with it, too.
		s.AddToken(Token, lab.Token{Login: "basekeeper", Kind: lab.GroupToken, Projects: []string{Organization}, Role: lab.Maintainer})
		return onGitLab{s}
	}
	s := hub.New(hub.Options{Now: opts.Now})
	s.AddOrganization(Organization)
	// An App, whose commits GitHub signs.
	s.AddToken(Token, hub.Token{Login: "basekeeper[bot]", Kind: hub.InstallationToken})
	return onGitHub{s}
}

type onGitHub struct{ *hub.Server }

func (s onGitHub) create(repository string, o repositoryOptions, files ...git.File) error {
	return s.CreateRepository(repository, hub.RepositoryOptions{Empty: o.empty, Archived: o.archived, Fork: o.forkOf != ""}, files...)
}

func (s onGitHub) pulls(repository string) (all []pull) {
	for _, p := range s.PullRequests(repository) {
		all = append(all, pull{
			number: p.Number, state: p.State, title: p.Title, body: p.Body, author: p.Author, head: p.Head, headID: p.HeadID, files: p.Files,
		})
	}
	return all
}

func (s onGitHub) comments(repository string, n int) int           { return len(s.Comments(repository, n)) }
func (s onGitHub) merge(repository string, n int, by string) error { return s.Merge(repository, n, by) }
func (s onGitHub) close(repository string, n int, by string) error {
	return s.ClosePull(repository, n, by)
}
func (s onGitHub) reopen(repository string, n int, by string) error {
	return s.Reopen(repository, n, by)
}

type onGitLab struct{ *lab.Server }

func (s onGitLab) create(project string, o repositoryOptions, files ...git.File) error {
	return s.CreateProject(project, lab.ProjectOptions{Empty: o.empty, Archived: o.archived, ForkOf: o.forkOf}, files...)
}

func (s onGitLab) pulls(project string) (all []pull) {
	for _, m := range s.MergeRequests(project) {
		state := strings.ToUpper(m.State)
		if m.State == "opened" {
			state = "OPEN"
		}
		all = append(all, pull{
			number: m.IID, state: state, title: m.Title, body: m.Description, author: m.Author, head: m.Source, headID: m.SHA, files: m.Files,
		})
	}
	return all
}

func (s onGitLab) comments(project string, n int) int { return len(s.Notes(project, n)) }
func (s onGitLab) merge(project string, n int, by string) error {
	return s.MergeMergeRequest(project, n, by)
}
func (s onGitLab) close(project string, n int, by string) error {
	return s.CloseMergeRequest(project, n, by)
}
func (s onGitLab) reopen(project string, n int, by string) error {
	return s.ReopenMergeRequest(project, n, by)
}
