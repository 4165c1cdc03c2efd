package action

import (
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/job"
)

// Decide says what to do about an event. It is the whole of the rules of
// "command: auto", and of what no command may do.
func Decide(e Event, in job.Inputs) job.Decision {
	d := decide(e, in)
	if d.Image.IsZero() {
		d.Image = in.Image
	}
	if !untrusted(e) {
		return d
	}
	d.Untrusted = true
	switch {
	case d.Command == job.Nothing:
	case e.Pull == nil:
		d = job.Refuse("%s can bring files of others, and does not say where they come from; check on pull_request instead", e.Name)
		d.Untrusted = true
	case d.Command != job.Check:
		d.Command = job.Check
		d.Reason = fmt.Sprintf("%s brings files of others, which are checked and nothing else", e.Name)
	}
	return d
}

// untrusted reports whether outsiders can have had a hand in the workspace, or
// whether it cannot be told.
func untrusted(e Event) bool {
	switch e.Name {
	case "pull_request_target", "issue_comment", "issues", "discussion", "discussion_comment":
		return true
	case "workflow_run":
		return e.Foreign
	}
	return e.Pull != nil && e.Pull.Fork
}

func decide(e Event, in job.Inputs) job.Decision {
	if e.Name == "repository_dispatch" && (in.Command == job.Auto || in.Command == job.Bump && e.Action == BasePublished) {
		return dispatched(e)
	}
	switch in.Command {
	case job.Auto:
	case job.OnMerge:
		if e.Name == "schedule" || e.Name == "workflow_dispatch" {
			return job.Decision{Command: job.OnMerge, Central: true, Reason: fmt.Sprintf("event %s: what the bumps replaced that were merged lately", e.Name)}
		}
		if e.Pull == nil || e.Action != "closed" {
			return job.Refuse("on-merge is for the event pull_request with types: [closed], for schedule and for workflow_dispatch")
		}
		return closed(e, in)
	default:
		return job.Decision{Command: in.Command, Reason: "the workflow asks for it"}
	}
	switch e.Name {
	case "schedule", "workflow_dispatch":
		return job.Decision{Command: job.Bump, Reason: fmt.Sprintf("event %s: time to bring everything up to date", e.Name)}
	case "push":
		if e.Deleted {
			return job.Idle("the push deleted its branch")
		}
		return check(e)
	case "pull_request", "pull_request_target":
		if e.Action == "closed" {
			return closed(e, in)
		}
		return check(e)
	case "", "merge_group", "workflow_call":
		return check(e)
	}
	return job.Idle("event %.50q calls for nothing; set the input command where it should", e.Name)
}

func check(e Event) job.Decision {
	if e.Name == "" {
		return job.Decision{Command: job.Check, Reason: "there is no event"}
	}
	return job.Decision{Command: job.Check, Reason: fmt.Sprintf("event %s: a look at what is stale", e.Name)}
}

// dispatched is about the event that another repository sends.
func dispatched(e Event) job.Decision {
	if e.Action != BasePublished {
		return job.Idle("repository_dispatch of type %.100q is not for basekeeper, which listens to %s", e.Action, BasePublished)
	}
	ref, err := job.ParseImage(e.Image)
	if err != nil {
		return job.Refuse("%s names no image: client_payload.image must be like ghcr.io/acme/base:1 (%v)", BasePublished, err)
	}
	return job.Decision{Command: job.Bump, Image: ref, Reason: fmt.Sprintf("%s was published", ref)}
}

// closed is about a pull request that has ended.
func closed(e Event, in job.Inputs) job.Decision {
	switch pull := e.Pull; {
	case !pull.Merged:
		return job.Idle("pull request #%d was closed without a merge", pull.Number)
	case pull.Fork || !strings.HasPrefix(pull.Head, forge.BranchPrefix):
		return job.Idle("merged pull request #%d is none of basekeeper's: it does not come from a branch %s… of this repository", pull.Number, forge.BranchPrefix)
	case !IsBumpAuthor(in, pull.Author) && !mayBeApps(in, pull.Author):
		return job.Idle("%s", NoBumpAuthor(in, *pull))
	case pull.Default != "" && pull.Base != pull.Default:
		return job.Idle("bump #%d was merged into %.100q, which is not the default branch: it replaces no published image", pull.Number, pull.Base)
	case e.Name == "pull_request_target":
		return job.Idle("a merge is followed up on the event pull_request only")
	case !IsBumpAuthor(in, pull.Author): // GitHub knows whether that is our App
		return job.Decision{Command: job.OnMerge, Reason: fmt.Sprintf("pull request #%d by %s was merged", pull.Number, pull.Author)}
	}
	return job.Decision{Command: job.OnMerge, Reason: fmt.Sprintf("bump #%d was merged", e.Pull.Number)}
}

// mayBeApps reports whether login may be that of the App.
func mayBeApps(in job.Inputs, login string) bool {
	return in.AppsToo && accountName.MatchString(login) && strings.HasSuffix(login, "[bot]")
}

// NoBumpAuthor says that a merged pull request is nobody's whose are bumps.
func NoBumpAuthor(in job.Inputs, pull job.Pull) string {
	return fmt.Sprintf("merged pull request #%d is by %.100q, who is not among the bump-authors (%s)",
		pull.Number, pull.Author, strings.Join(in.BumpAuthors, ", "))
}

// IsBumpAuthor reports whether the pull requests of login are bumps. Where the
// App's are too, that is for GitHub to say.
func IsBumpAuthor(in job.Inputs, login string) bool {
	return slices.ContainsFunc(in.BumpAuthors, func(author string) bool { return strings.EqualFold(author, login) })
}
