package gitlab

import (
	"context"
	"errors"
	"fmt"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Close comments on a merge request, gives it a new body and closes it, and
// deletes its branch if that still is at branchID. With an empty branchID the
// branch stays.
//
// The error wraps [forge.ErrMoved] where somebody has pushed to the branch
// meanwhile; the merge request then stays open, or is opened again.
func (c *Client) Close(ctx context.Context, repository forge.Repository, pull forge.PullRequest, branchID, body, comment string) error {
	if branchID != "" {
		if err := c.expect(ctx, repository, pull.Head, branchID); err != nil {
			return fmt.Errorf("close merge request: %w", err)
		}
	}
	if err := c.comment(ctx, repository, pull.Number, comment); err != nil {
		return err
	}
	if err := c.update(ctx, repository, pull.Number, "close merge request", &rest.UpdateMergeRequestOptions{Description: &body, StateEvent: rest.Ptr("close")}); err != nil {
		return err
	}
	if branchID == "" {
		return nil
	}
	err := c.DeleteBranch(ctx, repository, pull.Head, branchID)
	if errors.Is(err, forge.ErrMoved) {
		again := &rest.UpdateMergeRequestOptions{Description: &pull.Body, StateEvent: rest.Ptr("reopen")}
		err = errors.Join(err, c.update(ctx, repository, pull.Number, "reopen merge request", again))
	}
	return err
}

// Note gives a merge request a new body and a comment; an empty comment is
// none.
func (c *Client) Note(ctx context.Context, repository forge.Repository, pull forge.PullRequest, body, comment string) error {
	if err := c.update(ctx, repository, pull.Number, "update merge request", &rest.UpdateMergeRequestOptions{Description: &body}); err != nil {
		return err
	}
	return c.comment(ctx, repository, pull.Number, comment)
}

func (c *Client) update(ctx context.Context, repository forge.Repository, number int, what string, options *rest.UpdateMergeRequestOptions) error {
	id, err := project(repository)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if _, resp, err := c.rest.MergeRequests.UpdateMergeRequest(id, number, options, setting(ctx)); err != nil {
		return fmt.Errorf("%s: %w", what, c.restError(resp, err))
	}
	return nil
}

func (c *Client) comment(ctx context.Context, repository forge.Repository, number int, comment string) error {
	if comment == "" {
		return nil
	}
	id, err := project(repository)
	if err != nil {
		return fmt.Errorf("comment: %w", err)
	}
	if _, resp, err := c.rest.Notes.CreateMergeRequestNote(id, number, &rest.CreateMergeRequestNoteOptions{Body: &comment}, noting(ctx)); err != nil {
		return fmt.Errorf("comment: %w", c.restError(resp, err))
	}
	return nil
}

// DeleteBranch deletes a branch that still is at commit, by a look right
// before; else the error wraps [forge.ErrMoved].
func (c *Client) DeleteBranch(ctx context.Context, repository forge.Repository, branch, commit string) error {
	id, err := project(repository)
	if err == nil {
		err = c.expect(ctx, repository, branch, commit)
	}
	if err != nil {
		return fmt.Errorf("delete branch: %w", err)
	}
	resp, err := c.rest.Branches.DeleteBranch(id, branch, writing(ctx))
	switch {
	case errors.Is(err, rest.ErrNotFound) && isMissing(resp, "branch"):
		return fmt.Errorf("delete branch: %w: the branch %s is gone", forge.ErrMoved, branch)
	case err != nil:
		return fmt.Errorf("delete branch: %w", c.restError(resp, err))
	}
	return nil
}
