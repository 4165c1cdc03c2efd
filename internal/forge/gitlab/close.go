package gitlab

import (
	"context"
	"errors"
	"fmt"
	"strings"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Close comments on a merge request, gives it a new body and closes it, and
// deletes its branch if that still is at branchID. With an empty branchID the
// branch stays.
//
// The branch goes before the merge request is closed, by which GitLab closes it
// too: cut off at any point, it is either open still, to be closed again, or
// nothing of it is left behind.
//
// The error wraps [forge.ErrMoved] where somebody has pushed to the branch
// meanwhile; the merge request then stays open.
func (c *Client) Close(ctx context.Context, repository forge.Repository, pull forge.PullRequest, branchID, body, comment string) error {
	const what = "close merge request"
	if branchID != "" {
		if err := c.expect(ctx, repository, pull.Head, branchID); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := c.comment(ctx, repository, pull.Number, comment); err != nil {
		return err
	}
	closing := &rest.UpdateMergeRequestOptions{Description: &body, StateEvent: rest.Ptr("close")}
	if branchID == "" {
		return c.update(ctx, repository, pull.Number, what, closing)
	}
	if err := c.update(ctx, repository, pull.Number, what, &rest.UpdateMergeRequestOptions{Description: &body}); err != nil {
		return err
	}
	if err := c.DeleteBranch(ctx, repository, pull.Head, branchID); err != nil {
		if errors.Is(err, forge.ErrMoved) {
			again := &rest.UpdateMergeRequestOptions{Description: &pull.Body}
			err = errors.Join(err, c.update(ctx, repository, pull.Number, what, again))
		}
		return err
	}
	if closed, err := c.isClosed(ctx, repository, pull.Number); err != nil || closed {
		return err
	}
	return c.update(ctx, repository, pull.Number, what, closing)
}

// isClosed reports whether GitLab has closed a merge request by itself, as it
// does some time after the branch is gone.
func (c *Client) isClosed(ctx context.Context, repository forge.Repository, number int) (bool, error) {
	id, err := project(repository)
	if err != nil {
		return false, err
	}
	m, resp, err := c.rest.MergeRequests.GetMergeRequest(id, number, nil, reading(ctx))
	if err != nil {
		return false, fmt.Errorf("close merge request: %w", c.restError(resp, err))
	}
	return m.State == "closed", nil
}

// Note gives a merge request a new body and a comment; an empty comment is
// none. The comment comes first: it is looked for before it is made again, and
// the body says that all is done.
func (c *Client) Note(ctx context.Context, repository forge.Repository, pull forge.PullRequest, body, comment string) error {
	if err := c.comment(ctx, repository, pull.Number, comment); err != nil {
		return err
	}
	return c.update(ctx, repository, pull.Number, "update merge request", &rest.UpdateMergeRequestOptions{Description: &body})
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

// comment comments, unless that is what an attempt that was cut off said last.
func (c *Client) comment(ctx context.Context, repository forge.Repository, number int, comment string) error {
	if comment == "" {
		return nil
	}
	id, err := project(repository)
	if err != nil {
		return fmt.Errorf("comment: %w", err)
	}
	last, resp, err := c.rest.Notes.ListMergeRequestNotes(id, number, &rest.ListMergeRequestNotesOptions{
		ListOptions: rest.ListOptions{PerPage: 1}, OrderBy: rest.Ptr("created_at"), Sort: rest.Ptr("desc"),
	}, reading(ctx))
	if err != nil {
		return fmt.Errorf("read the last comment: %w", c.restError(resp, err))
	}
	if len(last) > 0 && c.knownAccount().is(last[0].Author.Username) && strings.TrimSpace(last[0].Body) == strings.TrimSpace(comment) {
		return nil
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
