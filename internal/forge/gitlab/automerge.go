package gitlab

import (
	"context"
	"net/http"
	"time"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// autoMerge has GitLab merge when the pipeline succeeds, and only what was
// proposed. Right after a merge request was made GitLab may not know yet
// whether it can be merged, and is asked again. Where it refuses that is a
// warning. How it is merged is the project's choice, but for squash.
func (c *Client) autoMerge(ctx context.Context, p forge.Proposal, done *forge.Proposed) {
	id, err := project(p.Repository)
	if err != nil {
		return
	}
	options := &rest.AcceptMergeRequestOptions{
		MergeWhenPipelineSucceeds: rest.Ptr(true), ShouldRemoveSourceBranch: rest.Ptr(true), SHA: &done.Commit,
	}
	if p.AutoMerge == squash {
		options.Squash = rest.Ptr(true)
	}
	const attempts, first = 4, 2 * time.Second
	for n := range attempts {
		m, resp, err := c.rest.MergeRequests.AcceptMergeRequest(id, done.Pull.Number, options, writing(ctx))
		if err == nil {
			done.Pull.AutoMerge, done.Pull.State = m.MergeWhenPipelineSucceeds || m.State == "opened", stateOf(m.State)
			return
		}
		notYet := resp != nil && resp.Response != nil && (resp.StatusCode == http.StatusMethodNotAllowed || resp.StatusCode == http.StatusUnprocessableEntity)
		if !notYet || n == attempts-1 || done.Pull.Draft || c.pause(ctx, first<<n) != nil {
			why := c.restError(resp, err).Error()
			if notYet {
				why = "GitLab cannot merge it yet: there is no pipeline, or it is a draft, conflicts, or lacks approvals; set it by hand, or let the next bump"
			}
			done.Warnings = append(done.Warnings, "automerge: "+why)
			return
		}
	}
}

// pause waits, or says that there is no time for it.
func (c *Client) pause(ctx context.Context, d time.Duration) error {
	now := c.opts.Now()
	if deadline := attempt.Soonest(ctx, c.opts.Deadline); !deadline.IsZero() && now.Add(d).After(deadline) {
		return &forge.LimitedError{Until: now.Add(d), Now: now, Why: "waiting for GitLab"}
	}
	return c.opts.Sleep(ctx, d)
}
