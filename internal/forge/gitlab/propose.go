package gitlab

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Propose makes the merge request, or moves the open one on to the new content.
//
// One request makes branch and commit, from the old content to the new in one
// step; a second makes the merge request with all that belongs to it, or gives
// it its new words; automerge is a third. That it is to come is in the words,
// where it stays: to take it out would be a fourth. Without files automerge is
// asked for once more, if nobody has set or cancelled it, and then it goes.
//
// A branch that is there is looked at right before, and only replaced where it
// is at BranchID: between that look and the write there is a moment that GitLab
// gives no means to close. Files keep their modes. Labels, reviewers and
// assignees that cannot be had are warnings.
//
// The error wraps [forge.ErrMoved] where somebody was faster,
// [forge.ErrDenied], [forge.ErrNotFound] or [forge.ErrLimited]. What a failed
// attempt leaves behind, another one takes up.
func (c *Client) Propose(ctx context.Context, p forge.Proposal) (forge.Proposed, error) {
	if err := checkProposal(p); err != nil {
		return forge.Proposed{}, err
	}
	if _, err := c.Account(ctx); err != nil {
		return forge.Proposed{}, err
	}
	done := forge.Proposed{Commit: p.BranchID}
	if err := c.respect(ctx, &p, &done); err != nil {
		return forge.Proposed{}, err
	}
	if err := c.takeBack(ctx, p); err != nil {
		return forge.Proposed{}, err
	}
	if len(p.Files) == 0 { // it has its content
		return c.finish(ctx, p, done)
	}
	who := c.lookUpPeople(ctx, p, &done)
	var err error
	if done.Commit, err = c.commit(ctx, p); err != nil {
		return forge.Proposed{}, fmt.Errorf("create commit: %w", err)
	}
	if p.Pull == nil {
		err = c.open(ctx, p, who, &done)
	} else {
		err = c.moveOn(ctx, p, &done)
	}
	if err != nil {
		return forge.Proposed{}, err
	}
	if p.AutoMerge != "" && !done.Pull.AutoMerge {
		if err := c.autoMerge(ctx, p, &done, 4); err != nil {
			done.Warnings = append(done.Warnings, "automerge: "+err.Error())
		}
	}
	return done, nil
}

func checkProposal(p forge.Proposal) error {
	if err := checkName(p.Repository.Name); err != nil {
		return err
	}
	if p.BaseID == "" {
		return fmt.Errorf("propose: %s has no commit at %s: its repository is empty, there is nothing to change", p.Repository.Name, p.Base)
	}
	if err := checkID(p.BaseID); err != nil {
		return err
	}
	if p.BranchID != "" {
		if err := checkID(p.BranchID); err != nil {
			return err
		}
	}
	switch {
	case p.Base == "" || p.Branch == "":
		return errors.New("propose: the base and the branch are needed")
	case p.Branch == p.Base || p.Branch == p.Repository.DefaultBranch:
		return fmt.Errorf("propose: %s cannot be merged into itself", p.Branch)
	case len(p.Files) == 0 && (p.Pull == nil || p.Begun == ""):
		return errors.New("propose: no files: an empty change is no merge request")
	case p.Pull != nil && (p.Pull.Number <= 0 || p.BranchID == ""):
		return errors.New("propose: a merge request that is open has a number, and a branch")
	}
	return nil
}

// commit makes the branch with one commit on the base, or replaces it.
func (c *Client) commit(ctx context.Context, p forge.Proposal) (string, error) {
	id, err := project(p.Repository)
	if err != nil {
		return "", err
	}
	options := &rest.CreateCommitOptions{Branch: &p.Branch, StartSHA: &p.BaseID, CommitMessage: &p.Message}
	for _, f := range p.Files {
		options.Actions = append(options.Actions, &rest.CommitActionOptions{
			Action: rest.Ptr(rest.FileUpdate), FilePath: &f.Path,
			Content: rest.Ptr(base64.StdEncoding.EncodeToString(f.Content)), Encoding: rest.Ptr("base64"),
		})
	}
	if p.BranchID != "" {
		if err := c.expect(ctx, p.Repository, p.Branch, p.BranchID); err != nil {
			return "", err
		}
		options.Force = rest.Ptr(true)
	}
	made, resp, err := c.rest.Commits.CreateCommit(id, options, writing(ctx))
	if err != nil {
		return "", c.restError(resp, err)
	}
	c.learnEmails(made)
	return made.ID, checkID(made.ID)
}

// expect reads a branch and wants it to be at a commit.
func (c *Client) expect(ctx context.Context, r forge.Repository, branch, commit string) error {
	at, err := c.head(ctx, r, branch)
	switch {
	case err != nil:
		return err
	case at == "":
		return fmt.Errorf("%w: the branch %s is gone", forge.ErrMoved, branch)
	case at != commit:
		return fmt.Errorf("%w: the branch %s is at %s, and was at %s", forge.ErrMoved, branch, at, commit)
	}
	return nil
}

// learnEmails notes by which addresses GitLab commits for the account: a commit
// that it just made is known to be ours.
func (c *Client) learnEmails(made *rest.Commit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if made.AuthorEmail != "" && !c.account.has(made.AuthorEmail) {
		c.account.emails = append(c.account.emails[:len(c.account.emails):len(c.account.emails)], made.AuthorEmail)
	}
}

// open makes the merge request, with all that it has besides.
func (c *Client) open(ctx context.Context, p forge.Proposal, who people, done *forge.Proposed) error {
	id, err := project(p.Repository)
	if err != nil {
		return err
	}
	options := &rest.CreateMergeRequestOptions{
		Title: rest.Ptr(titled(p.Title, p.Draft)), Description: rest.Ptr(firstBody(p)), SourceBranch: &p.Branch, TargetBranch: &p.Base,
		RemoveSourceBranch: rest.Ptr(true), AssigneeIDs: numbers(who.assignees), ReviewerIDs: numbers(who.reviewers),
	}
	if len(p.Labels) > 0 {
		options.Labels = (*rest.LabelOptions)(&p.Labels)
	}
	if p.AutoMerge == squash {
		options.Squash = rest.Ptr(true)
	}
	made, resp, err := c.rest.MergeRequests.CreateMergeRequest(id, options, writing(ctx))
	if err != nil {
		refused := resp != nil && resp.Response != nil
		err = fmt.Errorf("create merge request: %w", c.restError(resp, err))
		if refused {
			err = errors.Join(err, c.sweep(ctx, p, done.Commit, err))
		}
		return err
	}
	c.wrote(made, who, done)
	return nil
}

// squash is automerge with all commits made one.
const squash = "squash"

// sweep deletes a branch that GitLab refuses a merge request for, unless another
// run has made it.
func (c *Client) sweep(ctx context.Context, p forge.Proposal, commit string, why error) error {
	if errors.Is(why, forge.ErrMoved) {
		return nil
	}
	if err := c.DeleteBranch(ctx, p.Repository, p.Branch, commit); err != nil && !errors.Is(err, forge.ErrMoved) {
		return fmt.Errorf("the branch %s stays behind: %w", p.Branch, err)
	}
	return nil
}

// moveOn gives the merge request its new words; what was added to it by hand
// stays, a draft stays one, and approvals are nobody's business here.
func (c *Client) moveOn(ctx context.Context, p forge.Proposal, done *forge.Proposed) error {
	id, err := project(p.Repository)
	if err != nil {
		return err
	}
	options := &rest.UpdateMergeRequestOptions{Title: rest.Ptr(titled(p.Title, p.Pull.Draft)), Description: rest.Ptr(firstBody(p))}
	if p.Pull.Base != p.Base {
		options.TargetBranch = &p.Base
	}
	if more := missing(p.Labels, p.Pull.Labels); len(more) > 0 {
		options.AddLabels = (*rest.LabelOptions)(&more)
	}
	made, resp, err := c.rest.MergeRequests.UpdateMergeRequest(id, p.Pull.Number, options, setting(ctx))
	if err != nil {
		return fmt.Errorf("update merge request: %w", c.restError(resp, err))
	}
	c.wrote(made, people{}, done)
	return nil
}

// wrote notes what GitLab says of a merge request that holds our one commit:
// of its head and its commits it may not have heard yet.
func (c *Client) wrote(m *rest.MergeRequest, who people, done *forge.Proposed) {
	done.Pull = restPull(m, c.knownAccount())
	done.Pull.HeadID, done.Pull.Mine = done.Commit, true
	done.Pull.Commits, done.Pull.OthersTouch, done.Pull.Conflicting = 1, false, false
	who.compare(m, done)
}
