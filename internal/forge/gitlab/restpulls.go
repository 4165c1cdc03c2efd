package gitlab

import (
	"context"
	"slices"
	"strconv"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// restPullOf returns the newest open merge request from a branch; nil for none.
func (c *Client) restPullOf(ctx context.Context, ref forge.Ref) (*forge.PullRequest, error) {
	pulls, err := c.restPulls(ctx, ref, "opened")
	for _, p := range pulls {
		if !p.Foreign {
			return &p, err
		}
	}
	return nil, err
}

// restPulls returns merge requests from a branch, the newest first.
func (c *Client) restPulls(ctx context.Context, ref forge.Ref, state string) ([]forge.PullRequest, error) {
	id, err := project(ref.Repository)
	if err != nil {
		return nil, err
	}
	if err := c.restKnow(ctx); err != nil {
		return nil, err
	}
	options := &rest.ListProjectMergeRequestsOptions{
		ListOptions: rest.ListOptions{PerPage: perBranch}, SourceBranch: &ref.Branch, OrderBy: rest.Ptr("created_at"), Sort: rest.Ptr("desc"),
	}
	if state != "" {
		options.State = &state
	}
	part, resp, err := c.rest.MergeRequests.ListProjectMergeRequests(id, options, reading(ctx))
	if err != nil {
		return nil, c.restError(resp, err)
	}
	var all []forge.PullRequest
	for _, m := range part {
		p := restPull(m, c.knownAccount())
		if p.State != forge.Merged {
			if err := c.restCommits(ctx, id, &p); err != nil {
				return nil, err
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// restCommits says how many commits a merge request has, and whose they are.
func (c *Client) restCommits(ctx context.Context, id any, p *forge.PullRequest) error {
	commits, resp, err := c.rest.MergeRequests.GetMergeRequestCommits(id, p.Number, &rest.GetMergeRequestCommitsOptions{PerPage: perRequest}, reading(ctx))
	if err != nil {
		return c.restError(resp, err)
	}
	a := c.knownAccount()
	p.Commits, p.OthersTouch = len(commits), len(commits) == perRequest
	for _, one := range commits {
		if !a.made(one.AuthorEmail, one.CommitterEmail, one.CommitterName) {
			p.OthersTouch = true
		}
	}
	return nil
}

// restPull is a merge request without what is known of its commits.
func restPull(m *rest.MergeRequest, a account) forge.PullRequest {
	p := forge.PullRequest{
		ID: strconv.Itoa(m.ID), Number: m.IID, URL: m.WebURL, State: stateOf(m.State), Title: untitled(m.Title), Body: m.Description,
		Base: m.TargetBranch, Head: m.SourceBranch, HeadID: m.SHA, Mine: m.Author != nil && a.is(m.Author.Username),
		Foreign: m.SourceProjectID != m.TargetProjectID, Conflicting: m.HasConflicts, Draft: m.Draft, AutoMerge: m.MergeWhenPipelineSucceeds,
		Labels: slices.Sorted(slices.Values([]string(m.Labels))),
	}
	return p
}

func restMerge(m *rest.MergeRequest) forge.Merge {
	one := forge.Merge{Number: m.IID, URL: m.WebURL, Head: m.SourceBranch, Base: m.TargetBranch, Commit: m.MergeCommitSHA}
	if one.Commit == "" { // it was fast-forwarded
		one.Commit = m.SquashCommitSHA
	}
	if one.Commit == "" {
		one.Commit = m.SHA
	}
	if m.Author != nil {
		one.Author = m.Author.Username
	}
	if m.MergedAt != nil {
		one.At = *m.MergedAt
	}
	return one
}
