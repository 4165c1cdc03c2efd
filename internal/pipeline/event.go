package pipeline

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/basekeeper/basekeeper/internal/job"
)

// Event is what started the pipeline.
type Event struct {
	Source  string // as in CI_PIPELINE_SOURCE: push, schedule; empty outside of a pipeline
	Project string // full path of the project that the pipeline runs in; empty where nothing says it
	Branch  string // that the pipeline is for; empty for merge requests and tags
	Default string // the project's default branch
	Tag     string // that the pipeline is for; empty for none
	Commit  string // that the pipeline is for; empty where nothing says it
	Pull    *job.Pull
}

var (
	commitID    = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	projectPath = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]*(/[A-Za-z0-9_.][A-Za-z0-9_.-]*){1,21}$`)
	groupPath   = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]*(/[A-Za-z0-9_.][A-Za-z0-9_.-]*){0,20}$`)
	userName    = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]*$`)
)

// isProject reports whether s is the full path of a project.
func isProject(s string) bool {
	parts := strings.Split(s, "/")
	return projectPath.MatchString(s) && !slices.Contains(parts, ".") && !slices.Contains(parts, "..")
}

// ParseEvent reads what GitLab says of the pipeline in variables. The error says
// what makes it none that GitLab would start.
func ParseEvent(getenv func(string) string) (Event, error) {
	e := Event{
		Source: getenv("CI_PIPELINE_SOURCE"), Project: getenv("CI_PROJECT_PATH"),
		Branch: getenv("CI_COMMIT_BRANCH"), Default: getenv("CI_DEFAULT_BRANCH"), Tag: getenv("CI_COMMIT_TAG"),
		Commit: getenv("CI_COMMIT_SHA"),
	}
	switch {
	case e.Project != "" && !isProject(e.Project):
		return Event{}, fmt.Errorf("CI_PROJECT_PATH is %.200q, which is no project's path", e.Project)
	case e.Commit != "" && !commitID.MatchString(e.Commit):
		return Event{}, fmt.Errorf("CI_COMMIT_SHA is %.80q, which is no commit", e.Commit)
	case e.Source != mergeRequest && getenv("CI_MERGE_REQUEST_IID") == "":
		return e, nil
	}
	var err error
	e.Branch = "" // the merge request's, if anything
	e.Pull, err = pull(getenv)
	return e, err
}

// pull is the merge request that the pipeline is for, or that its parent is.
func pull(getenv func(string) string) (*job.Pull, error) {
	p := &job.Pull{
		Head: getenv("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"), Base: getenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
		Repository: getenv("CI_MERGE_REQUEST_PROJECT_PATH"),
	}
	var err error
	p.Number, err = strconv.Atoi(getenv("CI_MERGE_REQUEST_IID"))
	switch {
	case err != nil || p.Number < 1:
		return nil, fmt.Errorf("CI_MERGE_REQUEST_IID is %.50q, which is no number", getenv("CI_MERGE_REQUEST_IID"))
	case !isProject(p.Repository):
		return nil, fmt.Errorf("CI_MERGE_REQUEST_PROJECT_PATH is %.200q, which is no project's path", p.Repository)
	case p.Head == "" || p.Base == "":
		return nil, fmt.Errorf("the variables of merge request !%d do not say from where to where it goes", p.Number)
	}
	if at := getenv("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"); commitID.MatchString(at) { // in pipelines of merged results
		p.BaseID = at
	}
	p.Fork = !ownProject(getenv)
	return p, nil
}

// ownProject reports whether the merge request surely comes from the project
// that it goes to, and its pipeline runs there.
func ownProject(getenv func(string) string) bool {
	target := getenv("CI_MERGE_REQUEST_PROJECT_ID")
	return target != "" && getenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") == target && getenv("CI_PROJECT_ID") == target
}
