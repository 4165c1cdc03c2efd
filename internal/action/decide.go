package action

import (
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
)

// Decision is what a run does about an event.
type Decision struct {
	Command Command         // never Auto
	Image   image.Reference // the only image to care for; zero for all
	// Untrusted says that the files of the workspace may be an outsider's. The
	// run then only checks: with the configuration of the base branch, never
	// the workspace's; with no token, login or cache; asking only the hosts of
	// registries that the base branch's own files or that configuration name.
	Untrusted bool
	Refused   bool   // the workflow or the event asks for what may not be
	Reason    string // why, for the summary: a sentence without its full stop
}

// Decide says what to do about an event. It is the whole of the rules of
// "command: auto", and of what no command may do.
func Decide(e Event, in Inputs) Decision {
	d := decide(e, in)
	if d.Image.IsZero() {
		d.Image = in.Image
	}
	if !untrusted(e) {
		return d
	}
	d.Untrusted = true
	switch {
	case d.Command == Nothing:
	case e.Pull == nil:
		d = nothing("%s can bring files of others, and does not say where they come from; check on pull_request instead", e.Name)
		d.Untrusted, d.Refused = true, true
	case d.Command != Check:
		d.Command = Check
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

func decide(e Event, in Inputs) Decision {
	if e.Name == "repository_dispatch" && (in.Command == Auto || in.Command == Bump && e.Action == BasePublished) {
		return dispatched(e)
	}
	switch in.Command {
	case Auto:
	case OnMerge:
		if e.Pull == nil || e.Action != "closed" {
			d := nothing("on-merge is for the event pull_request with types: [closed]")
			d.Refused = true
			return d
		}
		return closed(e, in)
	default:
		return Decision{Command: in.Command, Reason: "the workflow asks for it"}
	}
	switch e.Name {
	case "schedule", "workflow_dispatch":
		return Decision{Command: Bump, Reason: fmt.Sprintf("event %s: time to bring everything up to date", e.Name)}
	case "push":
		if e.Deleted {
			return nothing("the push deleted its branch")
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
	return nothing("event %.50q calls for nothing; set the input command where it should", e.Name)
}

func check(e Event) Decision {
	if e.Name == "" {
		return Decision{Command: Check, Reason: "there is no event"}
	}
	return Decision{Command: Check, Reason: fmt.Sprintf("event %s: a look at what is stale", e.Name)}
}

func nothing(format string, args ...any) Decision {
	return Decision{Command: Nothing, Reason: fmt.Sprintf(format, args...)}
}

// dispatched is about the event that another repository sends.
func dispatched(e Event) Decision {
	if e.Action != BasePublished {
		return nothing("repository_dispatch of type %.100q is not for basekeeper, which listens to %s", e.Action, BasePublished)
	}
	ref, err := parseImage(e.Image)
	if err != nil {
		d := nothing("%s names no image: client_payload.image must be like ghcr.io/acme/base:1 (%v)", BasePublished, err)
		d.Refused = true
		return d
	}
	return Decision{Command: Bump, Image: ref, Reason: fmt.Sprintf("%s was published", ref)}
}

// closed is about a pull request that has ended.
func closed(e Event, in Inputs) Decision {
	switch pull := e.Pull; {
	case !pull.Merged:
		return nothing("pull request #%d was closed without a merge", pull.Number)
	case pull.Fork || !strings.HasPrefix(pull.Head, forge.BranchPrefix):
		return nothing("merged pull request #%d is none of basekeeper's: it does not come from a branch %s… of this repository", pull.Number, forge.BranchPrefix)
	case !in.isBumpAuthor(pull.Author):
		return nothing("merged pull request #%d is by %.100q, who is not among the bump-authors (%s)",
			pull.Number, pull.Author, strings.Join(in.BumpAuthors, ", "))
	case e.Name == "pull_request_target":
		return nothing("a merge is followed up on the event pull_request only")
	}
	return Decision{Command: OnMerge, Reason: fmt.Sprintf("bump #%d was merged", e.Pull.Number)}
}

func (in Inputs) isBumpAuthor(login string) bool {
	return slices.ContainsFunc(in.BumpAuthors, func(author string) bool { return strings.EqualFold(author, login) })
}
