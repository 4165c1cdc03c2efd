package pipeline

import (
	"fmt"

	"github.com/basekeeper/basekeeper/internal/job"
)

// Values of CI_PIPELINE_SOURCE that rules are about.
const (
	mergeRequest = "merge_request_event"
	push         = "push"
	schedule     = "schedule"
	web          = "web"
	api          = "api"
	trigger      = "trigger"  // by a trigger's token
	upstream     = "pipeline" // by another project's pipeline
)

// Decide says what to do about an event. It is the whole of the rules of
// "command: auto", and of what no command may do.
func Decide(e Event, in job.Inputs) job.Decision {
	d := decide(e, in)
	d.Image = in.Image
	if e.Pull == nil || !e.Pull.Fork {
		return d
	}
	d.Untrusted = true
	if d.Command != job.Nothing && in.Token == "" { // as in pipelines of the fork's own
		d = job.Idle("merge request !%d brings files of others, and there is no token to read the configuration that holds for them", e.Pull.Number)
		d.Image, d.Untrusted = in.Image, true
		return d
	}
	if d.Command != job.Check && d.Command != job.Nothing {
		d.Command, d.Merged = job.Check, false
		d.Reason = fmt.Sprintf("merge request !%d brings files of others, which are checked and nothing else", e.Pull.Number)
	}
	return d
}

func decide(e Event, in job.Inputs) job.Decision {
	switch in.Command {
	case job.Auto:
		return auto(e, in)
	case job.OnMerge:
		if e.Pull != nil || e.Branch == "" || e.Branch != e.Default {
			return job.Refuse("on-merge is for pipelines of the default branch")
		}
		if e.Source == schedule || e.Source == web || e.Source == api {
			return job.Decision{Command: job.OnMerge, Central: true, Reason: fmt.Sprintf("pipeline source %s: what the bumps replaced that were merged lately", e.Source)}
		}
	}
	return job.Decision{Command: in.Command, Reason: "the pipeline asks for it"}
}

// auto is what the pipeline's source calls for.
func auto(e Event, in job.Inputs) job.Decision {
	switch e.Source {
	case schedule, web, api:
		return job.Decision{Command: job.Bump, Reason: fmt.Sprintf("pipeline source %s: time to bring everything up to date", e.Source)}
	case trigger, upstream:
		if in.Image.IsZero() {
			return job.Decision{Command: job.Bump, Reason: fmt.Sprintf("pipeline source %s: time to bring everything up to date", e.Source)}
		}
		return job.Decision{Command: job.Bump, Reason: fmt.Sprintf("%s was published", in.Image)}
	case mergeRequest:
		return job.Decision{Command: job.Check, Reason: fmt.Sprintf("merge request !%d: a look at what is stale", e.Pull.Number)}
	case push:
		return pushed(e, in)
	case "":
		return job.Decision{Command: job.Check, Reason: "there is no pipeline"}
	}
	return job.Idle("pipeline source %.50q calls for nothing; set the input command where it should", e.Source)
}

// pushed is about new commits on a branch. Those of the default branch may have
// come by a bump that was merged; it takes the token to learn that.
func pushed(e Event, in job.Inputs) job.Decision {
	switch {
	case e.Branch == "":
		return job.Idle("the push was of no branch")
	case e.Branch != e.Default:
		return job.Decision{Command: job.Check, Reason: fmt.Sprintf("push to %.200q: a look at what is stale", e.Branch)}
	case in.Token == "":
		return job.Decision{Command: job.Check, Reason: "push to the default branch: a look at what is stale, and none at merged bumps, for which there is no token"}
	}
	return job.Decision{Command: job.Check, Merged: true, Reason: "push to the default branch: what a merged bump calls for, and a look at what is stale"}
}
