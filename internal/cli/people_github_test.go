package cli_test

import (
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// githubPeople work on GitHub.
type githubPeople struct{ *hub.Server }

func (p githubPeople) Create(name string, as kind, files ...git.File) error {
	return p.CreateRepository(name, hub.RepositoryOptions{
		Archived: as.Archived, Fork: as.Fork, Private: as.Private, Empty: as.Empty, AutoMerge: as.Checks, RequireChecks: as.Checks,
		Topics: as.Topics, TreeLimit: as.TreeLimit,
	}, files...)
}

func (p githubPeople) Pulls(name string) (all []pull) {
	for _, g := range p.PullRequests(name) {
		all = append(all, pull{
			Number: g.Number, State: g.State, Title: g.Title, Body: g.Body, Author: g.Author, Base: g.Base, Head: g.Head, HeadID: g.HeadID,
			Draft: g.Draft, Conflicts: g.Mergeable == "CONFLICTING", AutoMerge: g.AutoMerge, Labels: g.Labels, Assignees: g.Assignees,
			Reviewers: g.Reviewers, Commits: g.Commits, Files: g.Files, ClosedBy: g.ClosedBy,
		})
	}
	return all
}

func (p githubPeople) Comments(name string, number int) (bodies []string) {
	for _, c := range p.Server.Comments(name, number) {
		bodies = append(bodies, c.Body)
	}
	return bodies
}

func (p githubPeople) Asked() (requests []string) {
	for _, r := range p.Requests() {
		requests = append(requests, r.String())
	}
	return requests
}
