package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	rest "github.com/google/go-github/v60/github"

	"github.com/basekeeper/basekeeper/internal/forge"
)

var (
	stepComment = step{"comment", "addComment", "comment"}
	stepClose   = step{"pull", "updatePullRequest", "close pull request"}
	stepDelete  = step{"branch", "updateRefs", "delete branch"}
)

// Close comments on a pull request, gives it a new body and closes it, and
// deletes its branch if that still is at branchID, in one request. With an
// empty branchID the branch stays.
//
// The error wraps [forge.ErrMoved] where somebody has pushed to the branch
// meanwhile; the pull request is then opened again.
func (c *Client) Close(ctx context.Context, repository forge.Repository, pull forge.PullRequest, branchID, body, comment string) error {
	variables := map[string]any{
		"comment": map[string]any{"subjectId": pull.ID, "body": comment},
		"pull":    map[string]any{"pullRequestId": pull.ID, "body": body, "state": "CLOSED"},
	}
	declared, last := "", ""
	if branchID != "" {
		declared, last = ",$branch:UpdateRefsInput!", "branch:updateRefs(input:$branch){clientMutationId}"
		variables["branch"] = refInput(repository, pull.Head, branchID, zero)
	}
	query := `mutation($comment:AddCommentInput!,$pull:UpdatePullRequestInput!` + declared + `){comment:addComment(input:$comment){clientMutationId}
pull:updatePullRequest(input:$pull){clientMutationId}
` + last + `}`
	failed, err := c.change(ctx, repository, query, variables, stepClose, stepDelete, stepComment)
	if _, branchFailed := failed["branch"]; branchFailed && errors.Is(err, forge.ErrMoved) {
		if _, closeFailed := failed["pull"]; !closeFailed {
			err = errors.Join(err, c.rewrite(ctx, repository, pull, pull.Body, forge.Open))
		}
	}
	return err
}

// Note gives a pull request a new body and a comment, in one request; an empty
// comment is none.
func (c *Client) Note(ctx context.Context, repository forge.Repository, pull forge.PullRequest, body, comment string) error {
	variables := map[string]any{"pull": map[string]any{"pullRequestId": pull.ID, "body": body}}
	declared, last := "", ""
	if comment != "" {
		declared, last = ",$comment:AddCommentInput!", "comment:addComment(input:$comment){clientMutationId}"
		variables["comment"] = map[string]any{"subjectId": pull.ID, "body": comment}
	}
	query := `mutation($pull:UpdatePullRequestInput!` + declared + `){pull:updatePullRequest(input:$pull){clientMutationId}
` + last + `}`
	_, err := c.change(ctx, repository, query, variables, stepUpdatePull, stepComment)
	return err
}

// rewrite puts title, body and state of a pull request back to what was seen.
func (c *Client) rewrite(ctx context.Context, repository forge.Repository, pull forge.PullRequest, body string, state forge.State) error {
	input := map[string]any{"pullRequestId": pull.ID, "body": body}
	if pull.Title != "" {
		input["title"] = pull.Title
	}
	if state == forge.Open {
		input["state"] = "OPEN"
	}
	_, err := c.change(ctx, repository, `mutation($pull:UpdatePullRequestInput!){pull:updatePullRequest(input:$pull){clientMutationId}}`,
		map[string]any{"pull": input}, stepUpdatePull)
	return err
}

// DeleteBranch deletes a branch that still is at commit; else the error wraps
// [forge.ErrMoved].
func (c *Client) DeleteBranch(ctx context.Context, repository forge.Repository, branch, commit string) error {
	variables := map[string]any{"branch": refInput(repository, branch, commit, zero)}
	_, err := c.change(ctx, repository, `mutation($branch:UpdateRefsInput!){branch:updateRefs(input:$branch){clientMutationId}}`, variables, stepDelete)
	return err
}

// change sends a document whose steps tell no more than whether they failed.
func (c *Client) change(ctx context.Context, repository forge.Repository, query string, variables map[string]any, order ...step) (steps, error) {
	var answer map[string]json.RawMessage
	faults, err := c.mutate(ctx, nameOf(repository), query, variables, &answer)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", order[0].verb, err)
	}
	failed := byStep(faults)
	return failed, c.first(failed, order...)
}

// Dispatch starts the workflows of a repository that wait for an event of that
// type; payload is a JSON object, or nil.
func (c *Client) Dispatch(ctx context.Context, fullName, eventType string, payload []byte) error {
	owner, name, err := split(fullName)
	if err != nil {
		return fmt.Errorf("send event: %w", err)
	}
	options := rest.DispatchRequestOptions{EventType: eventType}
	if payload != nil {
		raw := json.RawMessage(payload)
		options.ClientPayload = &raw
	}
	_, resp, err := c.rest.Repositories.Dispatch(writing(ctx, owner), owner, name, options)
	if err != nil {
		return fmt.Errorf("send event: %w", restError(c.who(), resp, err))
	}
	return nil
}
