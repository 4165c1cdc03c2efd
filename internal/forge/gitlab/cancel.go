package gitlab

import (
	"context"
	"fmt"
	"net/http"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// takeBack cancels automerge where a person is to merge. It comes before all
// else: what GitLab merges meanwhile nobody has looked at. Where it is off
// already, since the pipeline has failed say, there is nothing to do.
func (c *Client) takeBack(ctx context.Context, p forge.Proposal) error {
	if !p.TakeBack || p.Pull == nil || !p.Pull.AutoMerge {
		return nil
	}
	id, err := project(p.Repository)
	if err != nil {
		return err
	}
	_, resp, err := c.rest.MergeRequests.CancelMergeWhenPipelineSucceeds(id, p.Pull.Number, setting(ctx))
	if err != nil && (resp == nil || resp.Response == nil || resp.StatusCode != http.StatusNotAcceptable) {
		return fmt.Errorf("take automerge back: %w", c.restError(resp, err))
	}
	return nil
}
