package action

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/job"
)

// MaxEvent bounds an event's payload, in bytes; GitHub sends none that is larger.
const MaxEvent = 25 << 20

// BasePublished is the type of the repository_dispatch event by which a
// repository says that it has published a base image.
const BasePublished = "basekeeper-base-published"

// Event is what started the workflow.
type Event struct {
	Name       string    // as in GITHUB_EVENT_NAME: push, pull_request
	Action     string    // closed, opened; the type of a repository_dispatch; empty for events without
	Repository string    // owner/name that the workflow runs in; empty where the payload does not say
	Deleted    bool      // a push that deleted its branch
	Pull       *job.Pull // of the events about pull requests; nil for others
	Foreign    bool      // what ran before a workflow_run was another repository's
	Image      string    // that a publishing repository names, unchecked
}

// payload is what is read of an event; everything else in it is left alone.
type payload struct {
	Action     string   `json:"action"`
	Deleted    bool     `json:"deleted"`
	Repository fullName `json:"repository"`
	Pull       *struct {
		Number      int       `json:"number"`
		Merged      bool      `json:"merged"`
		MergedAt    time.Time `json:"merged_at"`
		MergeCommit string    `json:"merge_commit_sha"`
		User        struct {
			Login string `json:"login"`
		} `json:"user"`
		Head side `json:"head"`
		Base side `json:"base"`
	} `json:"pull_request"`
	Run *struct {
		Head fullName `json:"head_repository"`
	} `json:"workflow_run"`
	Client struct {
		Image any `json:"image"`
	} `json:"client_payload"`
}

type fullName struct {
	ID      int64  `json:"id"`
	Name    string `json:"full_name"`
	Default string `json:"default_branch"`
}

type side struct {
	Ref        string    `json:"ref"`
	SHA        string    `json:"sha"`
	Repository *fullName `json:"repo"` // null where a fork was deleted
}

// ParseEvent reads the payload of the event of that name, which may be empty.
// The error says what makes it none that GitHub would send.
func ParseEvent(name string, content []byte) (Event, error) {
	e, err := parseEvent(name, content)
	if err != nil {
		return Event{}, fmt.Errorf("parse event %.50q: %w", name, err)
	}
	return e, nil
}

func parseEvent(name string, content []byte) (Event, error) {
	if len(content) > MaxEvent {
		return Event{}, fmt.Errorf("its payload is larger than %d MiB", MaxEvent>>20)
	}
	var p payload
	if len(content) > 0 {
		if err := json.Unmarshal(content, &p); err != nil {
			return Event{}, err
		}
	}
	e := Event{Name: name, Action: p.Action, Repository: p.Repository.Name, Deleted: p.Deleted}
	if e.Repository != "" && !repositoryName.MatchString(e.Repository) {
		return Event{}, fmt.Errorf("its repository is %.200q, which is no owner/name", e.Repository)
	}
	switch {
	case name == "repository_dispatch":
		e.Image, _ = p.Client.Image.(string) // nothing else can name an image
	case name == "workflow_run":
		e.Foreign = p.Run == nil || !same(&p.Run.Head, &p.Repository)
	case strings.HasPrefix(name, "pull_request"):
		var err error
		if e.Pull, err = pull(p); err != nil {
			return Event{}, err
		}
	}
	return e, nil
}

var commitID = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func pull(p payload) (*job.Pull, error) {
	switch {
	case p.Pull == nil:
		return nil, fmt.Errorf("it has no pull_request")
	case p.Pull.Head.Ref == "" || p.Pull.Base.Ref == "" || p.Pull.Base.Repository == nil:
		return nil, fmt.Errorf("its pull request does not say from where to where it goes")
	case !commitID.MatchString(p.Pull.Base.SHA):
		return nil, fmt.Errorf("its base is at %.80q, which is no commit", p.Pull.Base.SHA)
	case !repositoryName.MatchString(p.Pull.Base.Repository.Name):
		return nil, fmt.Errorf("its base is in %.200q, which is no owner/name", p.Pull.Base.Repository.Name)
	}
	return &job.Pull{
		Number: p.Pull.Number, Merged: p.Pull.Merged,
		Head: p.Pull.Head.Ref, Base: p.Pull.Base.Ref, BaseID: p.Pull.Base.SHA, Default: p.Pull.Base.Repository.Default,
		Repository: p.Pull.Base.Repository.Name, Author: p.Pull.User.Login,
		MergedAt: p.Pull.MergedAt, MergeCommit: mergeCommit(p.Pull.Merged, p.Pull.MergeCommit),
		Fork: !same(p.Pull.Head.Repository, p.Pull.Base.Repository),
	}, nil
}

// mergeCommit is the commit that a merge made; before a merge GitHub names one
// that is only tried.
func mergeCommit(merged bool, sha string) string {
	if !merged || !commitID.MatchString(sha) {
		return ""
	}
	return sha
}

// same reports whether both are surely one repository.
func same(a, b *fullName) bool {
	return a != nil && b != nil && a.Name != "" && strings.EqualFold(a.Name, b.Name) && a.ID == b.ID
}
