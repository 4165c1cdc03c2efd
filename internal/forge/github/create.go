package github

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

var (
	stepCreateBranch = step{"branch", "createRef", "create branch"}
	stepMoveBranch   = step{"branch", "updateRefs", "move branch"}
	stepCommit       = step{"commit", "createCommitOnBranch", "create commit"}
	stepCreatePull   = step{"pull", "createPullRequest", "create pull request"}
	stepUpdatePull   = step{"pull", "updatePullRequest", "update pull request"}
)

// create makes branch, commit and pull request in one request. A branch that
// is there already, and that no pull request is open from, is put to the base
// first.
func (c *Client) create(ctx context.Context, p forge.Proposal) (forge.Proposed, error) {
	query, variables, branch := createDocument(p)
	var answer written
	faults, err := c.mutate(ctx, nameOf(p.Repository), query, variables, &answer)
	if err != nil {
		return forge.Proposed{}, fmt.Errorf("create pull request: %w", err)
	}
	failed := byStep(faults)
	// A branch that somebody else put to the base is as good as ours: what
	// counts is that the commit and the pull request came about.
	if answer.Commit != nil && answer.pull() == nil {
		err = c.openLater(ctx, p, &answer, failed)
	}
	if answer.Commit != nil && answer.pull() != nil {
		commit := answer.Commit.Commit
		return forge.Proposed{
			Pull: ours(answer.pull(), c.knownAccount(), commit.OID), Commit: commit.OID,
			Signed: commit.Signature != nil && commit.Signature.IsValid,
		}, nil
	}
	if err == nil {
		err = c.first(failed, branch, stepCommit, stepCreatePull)
	}
	switch {
	case err == nil:
		return forge.Proposed{}, fmt.Errorf("create pull request: %w", halfError(true))
	case c.isLagging(p, failed) && answer.pull() == nil:
		p.BranchID = p.BaseID
		return c.create(ctx, p)
	}
	return forge.Proposed{}, errors.Join(err, c.undoCreate(ctx, p, answer, failed, err))
}

// isLagging reports whether GitHub put the branch to the base, and then did not
// find it there, as can happen while its servers tell each other.
func (c *Client) isLagging(p forge.Proposal, failed steps) bool {
	_, branchFailed := failed[stepMoveBranch.alias]
	commit, commitFailed := failed[stepCommit.alias]
	return !branchFailed && commitFailed && p.BranchID != p.BaseID && errors.Is(c.fault(stepCommit.mutation, commit), forge.ErrMoved)
}

// openLater makes the pull request that GitHub found to come too quickly: a limit
// on content that only some steps of a document meet.
func (c *Client) openLater(ctx context.Context, p forge.Proposal, answer *written, failed steps) error {
	const attempts = 3
	for n := range attempts {
		f, ok := failed[stepCreatePull.alias]
		if !ok || !isTooQuick(f.Message) {
			return nil
		}
		if err := c.pause(ctx, leastSecondaryWait<<n); err != nil {
			return fmt.Errorf("create pull request: %w", err)
		}
		delete(failed, stepCreatePull.alias)
		var again written
		faults, err := c.mutate(ctx, nameOf(p.Repository), `mutation($pull:CreatePullRequestInput!){pull:createPullRequest(input:$pull){pullRequest{`+pullFields+`}}}`,
			map[string]any{"pull": pullInput(p)}, &again)
		if err != nil {
			return fmt.Errorf("create pull request: %w", err)
		}
		answer.Pull = again.Pull
		for _, f := range faults {
			failed[stepCreatePull.alias] = f
		}
	}
	return nil
}

// pause waits, or says that there is no time for it.
func (c *Client) pause(ctx context.Context, d time.Duration) error {
	now := c.opts.Now()
	if deadline := attempt.Soonest(ctx, c.opts.Deadline); !deadline.IsZero() && now.Add(d).After(deadline) {
		return &forge.LimitedError{Until: now.Add(d), Now: now, Why: "GitHub's limit on new content"}
	}
	return c.opts.Sleep(ctx, d)
}

func createDocument(p forge.Proposal) (query string, variables map[string]any, branch step) {
	var additions []map[string]any
	for _, f := range p.Files {
		additions = append(additions, map[string]any{"path": f.Path, "contents": base64.StdEncoding.EncodeToString(f.Content)})
	}
	variables = map[string]any{
		"commit": map[string]any{
			"branch":          map[string]any{"repositoryNameWithOwner": p.Repository.Name, "branchName": p.Branch},
			"expectedHeadOid": p.BaseID, "message": message(p.Message),
			"fileChanges": map[string]any{"additions": additions},
		},
		"pull": pullInput(p),
	}
	first, declared := "", ""
	branch = stepCreateBranch
	switch p.BranchID {
	case p.BaseID: // an earlier attempt got no further
	case "":
		first, declared = "branch:createRef(input:$branch){clientMutationId}", "$branch:CreateRefInput!,"
		variables["branch"] = map[string]any{"repositoryId": p.Repository.ID, "name": headRef(p.Branch), "oid": p.BaseID}
	default:
		first, declared = "branch:updateRefs(input:$branch){clientMutationId}", "$branch:UpdateRefsInput!,"
		variables["branch"] = refInput(p.Repository, p.Branch, p.BranchID, p.BaseID)
		branch = stepMoveBranch
	}
	return `mutation(` + declared + `$commit:CreateCommitOnBranchInput!,$pull:CreatePullRequestInput!){` + first + `
commit:createCommitOnBranch(input:$commit){commit{oid signature{isValid wasSignedByGitHub}}}
pull:createPullRequest(input:$pull){pullRequest{` + pullFields + `}}}`, variables, branch
}

// refInput is an updateRefs that moves a branch, from what it was seen at;
// [zero] on either side is no branch.
func refInput(r forge.Repository, branch, before, after string) map[string]any {
	update := map[string]any{"name": headRef(branch), "beforeOid": before, "afterOid": after, "force": true}
	return map[string]any{"repositoryId": r.ID, "refUpdates": []any{update}}
}

// undoCreate takes back what a failed create has left: GitHub goes on after a
// step that failed. The error is about what stays.
func (c *Client) undoCreate(ctx context.Context, p forge.Proposal, answer written, failed steps, why error) error {
	if pull := answer.pull(); pull != nil {
		return c.withdraw(ctx, p, pull)
	}
	_, branchFailed := failed["branch"]
	switch {
	case branchFailed || failed.whole():
		return nil // nothing of ours is there
	case errors.Is(why, forge.ErrLimited) || isLost(why):
		return nil // the next run goes on from here
	case answer.Commit != nil && errors.Is(why, forge.ErrMoved):
		return nil // the pull request of another run holds the commit
	case answer.Commit != nil:
		return c.sweep(ctx, p, answer.Commit.Commit.OID)
	}
	return c.sweep(ctx, p, p.BaseID)
}

func (s steps) whole() bool { _, ok := s[""]; return ok }

// sweep deletes a branch that has no pull request to be for.
func (c *Client) sweep(ctx context.Context, p forge.Proposal, at string) error {
	if err := c.DeleteBranch(ctx, p.Repository, p.Branch, at); err != nil && !errors.Is(err, forge.ErrMoved) {
		return fmt.Errorf("the branch %s stays behind: %w", p.Branch, err)
	}
	return nil
}

// withdraw closes the pull request that was just made for a branch that turned
// out to hold somebody's commits. One that holds ours, from another run, stays.
func (c *Client) withdraw(ctx context.Context, p forge.Proposal, pull *pullNode) error {
	if made := pull.value(c.knownAccount()); !made.OthersTouch {
		return nil
	}
	comment := fmt.Sprintf("Closed: the branch %s was written by somebody else at the same moment.", code(p.Branch))
	err := c.Close(ctx, p.Repository, forge.PullRequest{ID: pull.ID}, "", pull.Body, comment)
	if err != nil {
		return fmt.Errorf("the pull request %s stays open on somebody else's commits: %w", pull.URL, err)
	}
	return nil
}

// code writes a name for Markdown so that nothing in it means anything.
func code(s string) string {
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if fence == "`" {
		return fence + s + fence
	}
	return fence + " " + s + " " + fence
}
