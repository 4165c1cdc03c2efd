package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// firstBody is the body of a merge request whose automerge is still to come.
func firstBody(p forge.Proposal) string {
	if p.Begun != "" && p.AutoMerge != "" && len(p.Files) > 0 {
		return p.Begun
	}
	return p.Body
}

// finish asks once more for the automerge that a run did not get, or was cut off
// before, and says in the body that nothing is to come any more, whatever GitLab
// answered: who asks for ever writes for ever. Where it did not answer, the body
// stays. All else came with the merge request, and is left as people made it.
func (c *Client) finish(ctx context.Context, p forge.Proposal, done forge.Proposed) (forge.Proposed, error) {
	done.Pull = *p.Pull
	if p.AutoMerge != "" && !p.Pull.AutoMerge {
		switch err := c.autoMerge(ctx, p, &done, 2); {
		case errors.Is(err, errRefused):
			done.Warnings = append(done.Warnings, "automerge: "+err.Error())
		case err != nil:
			return forge.Proposed{}, fmt.Errorf("set automerge: %w", err)
		}
	}
	done.Pull.Body = p.Body
	return done, c.update(ctx, p.Repository, p.Pull.Number, "update merge request", &rest.UpdateMergeRequestOptions{Description: &p.Body})
}

// respect takes automerge out of a proposal where a person has cancelled it.
func (c *Client) respect(ctx context.Context, p *forge.Proposal, done *forge.Proposed) error {
	if p.Pull == nil || p.AutoMerge == "" || p.Pull.AutoMerge {
		return nil
	}
	id, err := project(p.Repository)
	if err != nil {
		return err
	}
	notes, resp, err := c.rest.Notes.ListMergeRequestNotes(id, p.Pull.Number, &rest.ListMergeRequestNotesOptions{
		ListOptions: rest.ListOptions{PerPage: perRequest}, OrderBy: rest.Ptr("created_at"), Sort: rest.Ptr("desc"),
	}, reading(ctx))
	if err != nil {
		return fmt.Errorf("read what became of automerge: %w", c.restError(resp, err))
	}
	if c.cancelled(notes, len(p.Files) == 0) {
		p.AutoMerge = ""
		done.Warnings = append(done.Warnings, "automerge: it was cancelled, and is not set again")
	}
	return nil
}

// cancelled reports whether GitLab's notes, the newest first, say that a person
// took automerge back. What GitLab takes back itself, since the branch moved, it
// calls aborted. What the account took back does not count for new content,
// which it may have again; of the same, it was the account's owner.
func (c *Client) cancelled(notes []*rest.Note, same bool) bool {
	for _, n := range notes {
		if n.System && strings.Contains(n.Body, " automatic merge") { // enabled an, aborted the, canceled the
			return strings.HasPrefix(n.Body, "cancel") && (same || !c.knownAccount().is(n.Author.Username))
		}
	}
	return false
}

// errRefused is GitLab's answer that it does not merge by itself.
var errRefused = errors.New("GitLab refuses it")

// autoMerge has GitLab merge when the pipeline succeeds, and only what was
// proposed. Right after a merge request was made GitLab may not know yet
// whether it can be merged, and is asked again, so many times in all. How it is
// merged is the project's choice, but for squash. The error is an [errRefused]
// where GitLab has answered.
func (c *Client) autoMerge(ctx context.Context, p forge.Proposal, done *forge.Proposed, attempts int) error {
	id, err := project(p.Repository)
	if err != nil {
		return err
	}
	options := &rest.AcceptMergeRequestOptions{
		MergeWhenPipelineSucceeds: rest.Ptr(true), ShouldRemoveSourceBranch: rest.Ptr(true), SHA: &done.Commit,
	}
	if p.AutoMerge == squash {
		options.Squash = rest.Ptr(true)
	}
	const first = 2 * time.Second
	for n := range attempts {
		m, resp, err := c.rest.MergeRequests.AcceptMergeRequest(id, done.Pull.Number, options, writing(ctx))
		if err == nil {
			done.Pull.AutoMerge, done.Pull.State = m.MergeWhenPipelineSucceeds || m.State == "opened", stateOf(m.State)
			return nil
		}
		switch status := statusOf(resp); {
		case status == http.StatusMethodNotAllowed || status == http.StatusUnprocessableEntity:
			if n == attempts-1 || done.Pull.Draft || c.pause(ctx, first<<n) != nil {
				return fmt.Errorf("%w now: there is no pipeline, or it is a draft, conflicts, or lacks approvals%s", errRefused, what(p))
			}
		case status >= 400 && status < 500 && status != http.StatusTooManyRequests:
			return fmt.Errorf("%w: %w", errRefused, c.restError(resp, err))
		default:
			return c.restError(resp, err)
		}
	}
	return nil
}

// what says what can be done about a refusal.
func what(p forge.Proposal) string {
	if len(p.Files) == 0 || p.Begun == "" {
		return "; set it by hand"
	}
	return "; the next bump asks once more"
}

// statusOf is an answer's status; 0 for none.
func statusOf(resp *rest.Response) int {
	if resp == nil || resp.Response == nil {
		return 0
	}
	return resp.StatusCode
}

// pause waits, or says that there is no time for it.
func (c *Client) pause(ctx context.Context, d time.Duration) error {
	now := c.opts.Now()
	if deadline := attempt.Soonest(ctx, c.opts.Deadline); !deadline.IsZero() && now.Add(d).After(deadline) {
		return &forge.LimitedError{Until: now.Add(d), Now: now, Why: "waiting for GitLab"}
	}
	return c.opts.Sleep(ctx, d)
}
