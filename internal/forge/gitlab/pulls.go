package gitlab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// OpenPulls returns all open merge requests of projects, whoever opened them
// and wherever they come from, by number, in the order of repositories: some
// ten projects to a request, and further pages for those with more than twenty.
// They have ID, number, URL, state, branches and Foreign; the rest is not asked
// for.
//
// An error other than the context's and [forge.ErrLimited] is a
// [forge.IncompleteError]: it names the projects of which not all are there.
func (c *Client) OpenPulls(ctx context.Context, repositories []forge.Repository) ([][]forge.PullRequest, error) {
	all := make([][]forge.PullRequest, len(repositories))
	w := &pullWalk{
		client: c, repositories: repositories,
		which: "state:opened,sort:CREATED_ASC", fields: "id iid webUrl sourceBranch targetBranch diffHeadSha sourceProjectId projectId",
		rest: rest.ListProjectMergeRequestsOptions{State: rest.Ptr("opened"), OrderBy: rest.Ptr("created_at"), Sort: rest.Ptr("asc")},
	}
	w.take = func(i int, n *pullNode) (ended bool) {
		all[i] = append(all[i], n.open())
		return false
	}
	err := w.walk(ctx)
	for i := range all {
		slices.SortFunc(all[i], func(a, b forge.PullRequest) int { return cmp.Compare(a.Number, b.Number) })
		all[i] = slices.CompactFunc(all[i], func(a, b forge.PullRequest) bool { return a.Number == b.Number })
	}
	if err != nil {
		return all, fmt.Errorf("list open merge requests: %w", err)
	}
	return all, nil
}

// mostMerges is how many of a project's merged merge requests are returned.
const mostMerges = 100

// MergedPulls returns the merge requests that were merged at or after since and
// came from a branch of the project itself that begins with prefix, in the
// order of repositories, the newest first and no more than a hundred of each.
//
// An error other than the context's and [forge.ErrLimited] is a
// [forge.IncompleteError]: it names the projects of which some may be missing.
func (c *Client) MergedPulls(ctx context.Context, repositories []forge.Repository, prefix string, since time.Time) ([][]forge.Merge, error) {
	all := make([][]forge.Merge, len(repositories))
	w := &pullWalk{
		client: c, repositories: repositories, which: "state:merged,sort:MERGED_AT_DESC",
		fields: "iid webUrl sourceBranch targetBranch diffHeadSha sourceProjectId projectId squash mergedAt mergeCommitSha author{username}",
		rest:   rest.ListProjectMergeRequestsOptions{State: rest.Ptr("merged"), OrderBy: rest.Ptr("updated_at"), Sort: rest.Ptr("desc")},
	}
	if !since.IsZero() {
		w.which += `,mergedAfter:"` + since.UTC().Add(-time.Second).Format(time.RFC3339) + `"`
		w.rest.UpdatedAfter = &since
	}
	w.take = func(i int, n *pullNode) (ended bool) {
		if !n.foreign() && strings.HasPrefix(n.SourceBranch, prefix) && !n.MergedAt.Before(since) {
			all[i] = append(all[i], n.merge())
		}
		return len(all[i]) >= mostMerges
	}
	err := w.walk(ctx)
	for i := range all {
		slices.SortFunc(all[i], func(a, b forge.Merge) int {
			return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Number, a.Number))
		})
	}
	if err != nil {
		return all, fmt.Errorf("list merged merge requests: %w", err)
	}
	return all, nil
}

// MergedBy returns the merge requests of a project that brought a commit to a
// branch, by their merging, the newest first.
//
// The error wraps [forge.ErrNotFound] where there is no such project or commit.
func (c *Client) MergedBy(ctx context.Context, fullPath, commit string) ([]forge.Merge, error) {
	err := checkName(fullPath)
	if err == nil {
		err = checkID(commit)
	}
	if err != nil {
		return nil, fmt.Errorf("find merge requests of a commit: %w", err)
	}
	part, resp, err := c.rest.Commits.ListMergeRequestsByCommit(fullPath, commit, reading(ctx))
	if err != nil {
		return nil, fmt.Errorf("find merge requests of commit %s: %w", commit, c.restError(resp, err))
	}
	var all []forge.Merge
	for _, m := range part {
		if m.State == "merged" && m.SourceProjectID == m.TargetProjectID {
			all = append(all, restMerge(m))
		}
	}
	slices.SortFunc(all, func(a, b forge.Merge) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Number, a.Number)) })
	return all, nil
}

func (n *pullNode) open() forge.PullRequest {
	return forge.PullRequest{
		ID: strconv.FormatInt(number(n.ID), 10), Number: n.number(), URL: n.WebURL, State: forge.Open,
		Base: n.TargetBranch, Head: n.SourceBranch, HeadID: n.DiffHeadSHA, Foreign: n.foreign(),
	}
}

func (n *pullNode) merge() forge.Merge {
	m := forge.Merge{
		Number: n.number(), URL: n.WebURL, Head: n.SourceBranch, Base: n.TargetBranch, Commit: n.MergeCommitSHA, Author: n.author(), At: n.MergedAt,
	}
	if m.Commit == "" && !n.Squash { // it was fast-forwarded; of a squashed one the commit is not told
		m.Commit = n.DiffHeadSHA
	}
	return m
}

// nodeOf is a merge request as REST shows it, as GraphQL would.
func nodeOf(m *rest.MergeRequest) *pullNode {
	n := &pullNode{
		ID: strconv.Itoa(m.ID), IID: strconv.Itoa(m.IID), WebURL: m.WebURL, SourceBranch: m.SourceBranch, TargetBranch: m.TargetBranch,
		DiffHeadSHA: m.SHA, SourceProjectID: int64(m.SourceProjectID), ProjectID: int64(m.TargetProjectID),
		MergeCommitSHA: restMerge(m).Commit,
	}
	if m.Author != nil {
		n.Author = &struct{ Username string }{m.Author.Username}
	}
	if m.MergedAt != nil {
		n.MergedAt = *m.MergedAt
	}
	return n
}
