package github

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	rest "github.com/google/go-github/v60/github"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// replace makes the commit from its parts and moves the branch to it together
// with what the pull request says.
func (c *Client) replace(ctx context.Context, p forge.Proposal) (forge.Proposed, error) {
	commit, signed, err := c.commit(ctx, p)
	if err != nil {
		return forge.Proposed{}, fmt.Errorf("create commit: %w", err)
	}
	query, variables, pull := c.replaceDocument(p, commit)
	var answer written
	faults, err := c.mutate(ctx, nameOf(p.Repository), query, variables, &answer)
	if err != nil {
		return forge.Proposed{}, fmt.Errorf("%s: %w", pull.verb, err)
	}
	failed := byStep(faults)
	if _, ok := failed["branch"]; !ok && p.Pull == nil {
		if err := c.openLater(ctx, p, &answer, failed); err != nil {
			return forge.Proposed{}, err
		}
	}
	moved := stepMoveBranch
	if p.BranchID == "" {
		moved.verb = "create branch"
	}
	if err := c.first(failed, moved, pull); err != nil {
		return forge.Proposed{}, errors.Join(err, c.undoReplace(ctx, p, commit, answer, failed, err))
	}
	if answer.pull() == nil {
		return forge.Proposed{}, fmt.Errorf("%s: %w", pull.verb, halfError(true))
	}
	done := forge.Proposed{Pull: ours(answer.pull(), c.knownAccount(), commit), Commit: commit, Signed: signed}
	for _, s := range []step{stepMerge, stepUnmerge} {
		if f, ok := failed[s.alias]; ok {
			done.Warnings = append(done.Warnings, s.verb+": "+c.fault(s.mutation, f).Error())
		}
	}
	return done, nil
}

// commit makes a commit that no branch has yet, on the base, and says whether
// it is signed. Without an author it is the token's, and GitHub signs it for
// Apps and for GITHUB_TOKEN.
func (c *Client) commit(ctx context.Context, p forge.Proposal) (id string, signed bool, err error) {
	owner, name, err := split(p.Repository.Name)
	if err != nil {
		return "", false, err
	}
	ctx = storing(ctx, owner)
	entries := make([]*rest.TreeEntry, len(p.Files))
	for i, f := range p.Files {
		entries[i] = &rest.TreeEntry{Path: &f.Path, Mode: rest.String(cmp.Or(f.Mode, regular)), Type: rest.String("blob")}
		if isText(f.Content) {
			entries[i].Content = rest.String(string(f.Content))
			continue
		}
		blob := &rest.Blob{Content: rest.String(base64.StdEncoding.EncodeToString(f.Content)), Encoding: rest.String("base64")}
		made, resp, err := c.rest.Git.CreateBlob(ctx, owner, name, blob)
		if err != nil {
			return "", false, restError(c.who(), resp, err)
		}
		if made.GetSHA() != forge.BlobID(f.Content) {
			return "", false, fmt.Errorf("GitHub keeps %s as %s", f.Path, forge.OneLine(made.GetSHA()))
		}
		entries[i].SHA = made.SHA
	}
	tree, resp, err := c.rest.Git.CreateTree(ctx, owner, name, p.BaseID, entries)
	if err != nil {
		return "", false, restError(c.who(), resp, err)
	}
	if err := checkID(tree.GetSHA()); err != nil {
		return "", false, err
	}
	made, resp, err := c.rest.Git.CreateCommit(ctx, owner, name, &rest.Commit{
		Message: &p.Message, Tree: &rest.Tree{SHA: tree.SHA}, Parents: []*rest.Commit{{SHA: &p.BaseID}},
	}, nil)
	if err != nil {
		return "", false, restError(c.who(), resp, err)
	}
	return made.GetSHA(), made.GetVerification().GetVerified(), checkID(made.GetSHA())
}

// isText reports whether JSON can carry content as it is.
func isText(content []byte) bool {
	return utf8.Valid(content) && bytes.IndexByte(content, 0) < 0
}

// replaceDocument moves the branch and writes the pull request.
func (c *Client) replaceDocument(p forge.Proposal, commit string) (query string, variables map[string]any, pull step) {
	variables = map[string]any{"branch": refInput(p.Repository, p.Branch, cmp.Or(p.BranchID, zero), commit)}
	if p.Pull == nil {
		variables["pull"] = pullInput(p)
		return `mutation($branch:UpdateRefsInput!,$pull:CreatePullRequestInput!){branch:updateRefs(input:$branch){clientMutationId}
pull:createPullRequest(input:$pull){pullRequest{` + pullFields + `}}}`, variables, stepCreatePull
	}
	update := map[string]any{"pullRequestId": p.Pull.ID, "title": p.Title, "body": firstBody(p)}
	if p.Pull.Base != p.Base {
		update["baseRefName"] = p.Base
	}
	variables["pull"] = update
	declared, merge := "", ""
	switch {
	case p.TakeBack && p.Pull.AutoMerge:
		declared, merge = ",$unmerge:DisablePullRequestAutoMergeInput!", "unmerge:disablePullRequestAutoMerge(input:$unmerge){clientMutationId}\n"
		variables["unmerge"] = map[string]any{"pullRequestId": p.Pull.ID}
	case p.AutoMerge != "" && !p.Pull.AutoMerge && c.knownAccount().Kind != forge.Pipeline:
		declared, merge = ",$merge:EnablePullRequestAutoMergeInput!", "merge:enablePullRequestAutoMerge(input:$merge){clientMutationId}\n"
		variables["merge"] = mergeInput(p.Pull.ID, p.AutoMerge, commit)
	}
	return `mutation($branch:UpdateRefsInput!,$pull:UpdatePullRequestInput!` + declared + `){branch:updateRefs(input:$branch){clientMutationId}
` + merge + `pull:updatePullRequest(input:$pull){pullRequest{` + pullFields + `}}}`, variables, stepUpdatePull
}

func mergeInput(pullID, method, commit string) map[string]any {
	return map[string]any{"pullRequestId": pullID, "mergeMethod": strings.ToUpper(method), "expectedHeadOid": commit}
}

// undoReplace takes back what a failed replace has changed besides: GitHub goes
// on after a step that failed.
func (c *Client) undoReplace(ctx context.Context, p forge.Proposal, commit string, answer written, failed steps, why error) error {
	_, branchFailed := failed["branch"]
	pull := answer.pull()
	switch {
	case !branchFailed && p.Pull == nil && !failed.whole() && !errors.Is(why, forge.ErrMoved) && !errors.Is(why, forge.ErrLimited):
		return c.sweep(ctx, p, commit)
	case !branchFailed || pull == nil:
		return nil
	case p.Pull == nil:
		return c.withdraw(ctx, p, pull)
	case !pull.value(c.knownAccount()).OthersTouch:
		return nil // another run has moved it on, and says what we would
	}
	if err := c.rewrite(ctx, p.Repository, *p.Pull, p.Pull.Body, forge.Open); err != nil {
		return fmt.Errorf("the pull request %s describes what its branch does not hold: %w", p.Pull.URL, err)
	}
	return nil
}
