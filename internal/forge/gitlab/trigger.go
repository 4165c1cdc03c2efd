package gitlab

import (
	"context"
	"errors"
	"fmt"

	rest "github.com/xanzy/go-gitlab"
)

// Trigger is a pipeline to start in another project.
type Trigger struct {
	Project   string // its full path
	Ref       string // branch or tag that it runs on
	Variables map[string]string
}

// Start starts a pipeline. The options' token is a trigger token of that
// project, or a job's CI_JOB_TOKEN; it goes into the request and is good for
// nothing else.
//
// The error wraps [forge.ErrNotFound] where there is no such project, or the
// token is not for it.
func Start(ctx context.Context, opts Options, t Trigger) error {
	if opts.Token == "" {
		return errors.New("start pipeline: no trigger token")
	}
	if err := checkName(t.Project); err != nil {
		return fmt.Errorf("start pipeline: %w", err)
	}
	token := opts.Token
	opts.Token, opts.unsigned = "", true
	c, err := New(opts)
	if err != nil {
		return fmt.Errorf("start pipeline: %w", err)
	}
	defer c.CloseIdle()
	_, resp, err := c.rest.PipelineTriggers.RunPipelineTrigger(t.Project, &rest.RunPipelineTriggerOptions{
		Ref: &t.Ref, Token: &token, Variables: t.Variables,
	}, writing(ctx))
	if err != nil {
		return fmt.Errorf("start pipeline: %w", c.restError(resp, err))
	}
	return nil
}
