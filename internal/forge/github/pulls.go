package github

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// OpenPulls returns all open pull requests of repositories, whoever opened
// them and wherever they come from, by number, in the order of repositories: a
// hundred repositories to a request, and further pages for those with more than
// a hundred. They have ID, number, URL, state, branches and Foreign; the rest is
// not asked for.
//
// An error other than the context's and [forge.ErrLimited] is a
// [forge.IncompleteError]: it names the repositories of which not all are there.
func (c *Client) OpenPulls(ctx context.Context, repositories []forge.Repository) ([][]forge.PullRequest, error) {
	all := make([][]forge.PullRequest, len(repositories))
	w := &pullWalk{
		client: c, repositories: repositories, first: perRequest,
		which:  "states:[OPEN],orderBy:{field:CREATED_AT,direction:ASC}",
		fields: "id number url baseRefName headRefName headRefOid isCrossRepository",
	}
	w.take = func(i int, n *listedPull) (ended bool) {
		all[i] = append(all[i], n.open())
		return false
	}
	err := w.walk(ctx)
	for i := range all {
		slices.SortFunc(all[i], func(a, b forge.PullRequest) int { return cmp.Compare(a.Number, b.Number) })
	}
	if err != nil {
		return all, fmt.Errorf("list open pull requests: %w", err)
	}
	return all, nil
}

// mostMerges is how many of a repository's merged pull requests are returned.
const mostMerges = 100

// MergedPulls returns the pull requests that were merged at or after since and
// came from a branch of the repository itself that begins with prefix, in the
// order of repositories, the newest first and no more than a hundred of each; a
// hundred repositories to a request. What is touched while a repository's list
// is being read may be missing; the next call with the same since has it.
//
// An error other than the context's and [forge.ErrLimited] is a
// [forge.IncompleteError]: it names the repositories of which some may be
// missing.
func (c *Client) MergedPulls(ctx context.Context, repositories []forge.Repository, prefix string, since time.Time) ([][]forge.Merge, error) {
	all := make([][]forge.Merge, len(repositories))
	w := &pullWalk{
		client: c, repositories: repositories, first: 20, // most have had few since
		which:  "states:[MERGED],orderBy:{field:UPDATED_AT,direction:DESC}",
		fields: "number url baseRefName headRefName isCrossRepository updatedAt mergedAt mergeCommit{oid} author{login __typename}",
	}
	w.take = func(i int, n *listedPull) (ended bool) {
		if n.UpdatedAt.Before(since) { // and so it was merged before, as were all after it
			return true
		}
		if !n.IsCrossRepository && strings.HasPrefix(n.HeadRefName, prefix) && !n.MergedAt.Before(since) {
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
		return all, fmt.Errorf("list merged pull requests: %w", err)
	}
	return all, nil
}

// listedPull is a pull request with the little that a list is about.
type listedPull struct {
	ID                string
	Number            int
	URL               string
	BaseRefName       string
	HeadRefName       string
	HeadRefOID        string
	IsCrossRepository bool
	UpdatedAt         time.Time
	MergedAt          time.Time
	MergeCommit       *struct{ OID string }
	Author            *actor
}

func (n *listedPull) open() forge.PullRequest {
	return forge.PullRequest{
		ID: n.ID, Number: n.Number, URL: n.URL, State: forge.Open,
		Base: n.BaseRefName, Head: n.HeadRefName, HeadID: n.HeadRefOID, Foreign: n.IsCrossRepository,
	}
}

func (n *listedPull) merge() forge.Merge {
	m := forge.Merge{
		Number: n.Number, URL: n.URL, Head: n.HeadRefName, Base: n.BaseRefName, Author: n.Author.login(), At: n.MergedAt,
	}
	if n.MergeCommit != nil {
		m.Commit = n.MergeCommit.OID
	}
	return m
}
