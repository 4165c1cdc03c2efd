package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/pipeline"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
)

func newPipelineCmd(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "pipeline",
		Short: "Run as a job of a GitLab pipeline, as templates/basekeeper.yml does",
		Long: `pipeline is what the GitLab CI/CD component runs. It reads the component's inputs
(BASEKEEPER_*) and what started the pipeline (CI_*), does what they call for in
CI_PROJECT_DIR or on GitLab, and leaves in the folder .basekeeper there what
GitLab takes of the job: outputs.env, a dotenv report; codequality.json, a Code
Quality report; plan.json and report.md. Without a pipeline around it, it checks
this folder.`,
		Example: `  basekeeper pipeline`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := newPipelineStep(env)
			return s.perform(cmd.Context(), err)
		},
	}
}

// gitlabJob is GitLab around a step.
type gitlabJob struct {
	*pipeline.Job
	event pipeline.Event
}

// newPipelineStep reads all that the pipeline says. The step is good for perform
// even if there is an error.
func newPipelineStep(env Env) (*step, error) {
	j := &gitlabJob{Job: pipeline.New(env.Getenv, env.Stdout, env.Now)}
	env.Stdout = j.Log()
	s := &step{env: env, job: j}
	var err error
	if s.workspace, err = openWorkspace(env.Getenv("CI_PROJECT_DIR")); err != nil { // first, since outputs go there
		return s, err
	}
	if s.in, err = j.Inputs(); err != nil {
		return s, usage(err)
	}
	if err := hide(pipeline.SecretVariables()); err != nil {
		return s, err
	}
	if j.event, err = pipeline.ParseEvent(env.Getenv); err != nil {
		return s, usage(fmt.Errorf("read event: %w", err))
	}
	s.repository, s.branch, s.about = j.event.Project, j.event.Branch, j.event.Pull
	s.decision = pipeline.Decide(j.event, s.in)
	if s.env, err = s.environment(); err != nil {
		return s, usage(err)
	}
	return s, nil
}

func (j *gitlabJob) forge() string { return config.ForgeGitLab }

// credentials are what the run may know of the inputs.
func (j *gitlabJob) credentials(in job.Inputs) map[string]string {
	return map[string]string{"BASEKEEPER_TOKEN": in.Token}
}

// reports is the Code Quality report.
func (j *gitlabJob) reports(found plan.Plan) (map[string][]byte, error) {
	content, err := render.CodeQuality(found)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{pipeline.CodeQualityFile: content}, nil
}

// finish writes the outputs.
func (j *gitlabJob) finish(s *step) error {
	if s.workspace == nil {
		return nil
	}
	content, err := j.Dotenv()
	if err != nil {
		return err
	}
	if err := writeIn(s.workspace, pipeline.OutputsFile, content); err != nil {
		return fmt.Errorf("write outputs: %w", err)
	}
	return nil
}

// origin is what a pipeline asks of GitLab besides what flows do.
type origin interface {
	commitReader
	Account(ctx context.Context) (forge.Account, error)
	Heads(ctx context.Context, refs []forge.Ref) ([]string, error)
	MergedBy(ctx context.Context, project, commit string) ([]forge.Merge, error)
	CloseIdle()
}
