package cli_test

import (
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// gitlabPeople work on GitLab.
type gitlabPeople struct{ *lab.Server }

func (p gitlabPeople) Create(name string, as kind, files ...git.File) error {
	o := lab.ProjectOptions{Archived: as.Archived, Empty: as.Empty, RequirePipeline: as.Checks, Topics: as.Topics}
	if as.Private {
		o.Visibility = lab.Private
	}
	if as.Fork {
		o.ForkOf = "upstream/" + strings.ReplaceAll(name, "/", "-")
		if err := p.CreateProject(o.ForkOf, lab.ProjectOptions{}, files...); err != nil {
			return err
		}
	}
	return p.CreateProject(name, o, files...)
}

func (p gitlabPeople) Pulls(name string) (all []pull) {
	states := map[string]string{"opened": "OPEN", "closed": "CLOSED", "merged": "MERGED"}
	for _, m := range p.MergeRequests(name) {
		auto := ""
		switch {
		case m.AutoMerge && m.Squash:
			auto = "SQUASH"
		case m.AutoMerge:
			auto = "MERGE"
		}
		all = append(all, pull{
			Number: m.IID, State: states[m.State], Title: strings.TrimPrefix(m.Title, "Draft: "), Body: m.Description, Author: m.Author,
			Base: m.Target, Head: m.Source, HeadID: m.SHA, Draft: m.Draft, Conflicts: m.Status == "conflict", AutoMerge: auto,
			Labels: m.Labels, Assignees: m.Assignees, Reviewers: m.Reviewers, Commits: m.Commits, Files: m.Files, ClosedBy: m.ClosedBy,
		})
	}
	return all
}

func (p gitlabPeople) OpenPull(name, by, head, base, title, body string) (int, error) {
	return p.OpenMergeRequest(name, by, head, base, title, body)
}

func (p gitlabPeople) EditPull(name string, number int, by, title, body string) error {
	return p.EditMergeRequest(name, number, by, title, body)
}

func (p gitlabPeople) Comments(name string, number int) (bodies []string) {
	for _, n := range p.Notes(name, number) {
		bodies = append(bodies, n.Body)
	}
	return bodies
}

func (p gitlabPeople) ClosePull(name string, number int, by string) error {
	return p.CloseMergeRequest(name, number, by)
}

func (p gitlabPeople) Reopen(name string, number int, by string) error {
	return p.ReopenMergeRequest(name, number, by)
}

func (p gitlabPeople) ChecksPassed(name string, number int) error {
	return p.PipelineSucceeds(name, number)
}

func (p gitlabPeople) Merge(name string, number int, by string) error {
	return p.MergeMergeRequest(name, number, by)
}

func (p gitlabPeople) Asked() (requests []string) {
	for _, r := range p.Requests() {
		requests = append(requests, r.String())
	}
	return requests
}
