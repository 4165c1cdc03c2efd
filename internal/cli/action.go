package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/action"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
)

func newActionCmd(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "action",
		Short: "Run as a step of a GitHub workflow, as action.yml does",
		Long: `action is what the GitHub action runs. It reads the step's inputs (INPUT_*) and
the event (GITHUB_EVENT_PATH), does what they call for in GITHUB_WORKSPACE or on
GitHub, and gives the workflow outputs, a job summary and annotations. Without a
workflow around it, it checks this folder.`,
		Example: `  basekeeper action`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runAction(cmd.Context(), env) },
	}
}

// step is one run of the action.
type step struct {
	env       Env // of the run: what it may know, and its log for both streams
	job       *action.Job
	in        action.Inputs
	event     action.Event
	decision  action.Decision
	workspace *os.Root
}

// stepResult is what a step has come to.
type stepResult struct {
	plan     *plan.Plan // nil where none was made
	applied  bool       // the plan was carried out, so that its bumps are stale no more
	changed  bool       // files or pull requests
	pulled   []render.Pulled
	retired  []render.Retired
	pruned   []render.Pruned
	requests []render.Requests
	code     int    // exit status by itself, before fail-on
	note     string // what a person should know besides, for the summary
	written  bool   // the report is where the output says
}

func runAction(ctx context.Context, env Env) error {
	s, err := newStep(env)
	if err != nil {
		return s.fail(err)
	}
	defer s.workspace.Close()
	result, err := s.quoted(ctx)
	if err != nil {
		return s.fail(err)
	}
	if err := s.report(result); err != nil {
		return s.fail(err)
	}
	return status(s.verdict(result))
}

// newStep reads all that the workflow says. The step is good for fail even if
// there is an error.
func newStep(env Env) (*step, error) {
	s := &step{env: env, job: action.New(env.Getenv, env.Stdout)}
	var err error
	if s.in, err = s.job.Inputs(); err != nil {
		return s, usage(err)
	}
	for _, name := range action.SecretVariables() { // credential helpers would inherit them
		if err := os.Unsetenv(name); err != nil {
			return s, fmt.Errorf("hide %s: %w", name, err)
		}
	}
	if s.event, err = readEvent(env); err != nil {
		return s, usage(err)
	}
	s.decision = action.Decide(s.event, s.in)
	if s.env, err = s.environment(); err != nil {
		return s, usage(err)
	}
	s.workspace, err = openWorkspace(env)
	return s, err
}

func readEvent(env Env) (action.Event, error) {
	var content []byte
	if file := env.Getenv("GITHUB_EVENT_PATH"); file != "" {
		var err error
		if content, err = readLimited(file, action.MaxEvent); err != nil {
			return action.Event{}, fmt.Errorf("read event: %w", err)
		}
	}
	e, err := action.ParseEvent(env.Getenv("GITHUB_EVENT_NAME"), content)
	if e.Repository == "" {
		e.Repository = env.Getenv("GITHUB_REPOSITORY")
	}
	return e, err
}

// openWorkspace opens the folder that the job's steps share, by its path from
// here: where that is short, messages are.
func openWorkspace(env Env) (*os.Root, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if named := env.Getenv("GITHUB_WORKSPACE"); named != "" {
		if relative, err := filepath.Rel(dir, named); err == nil {
			named = relative
		}
		dir = named
	} else {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, usage(fmt.Errorf("open workspace: %w", err))
	}
	return root, nil
}

// quoted does the work of the step; what it prints is text to the runner.
func (s *step) quoted(ctx context.Context) (result stepResult, err error) {
	resume, err := s.job.Quote()
	if err != nil {
		return stepResult{}, err
	}
	defer func() { err = errors.Join(err, resume()) }()
	fmt.Fprintf(s.env.Stdout, "%s: %s.\n", s.decision.Command, clean(s.decision.Reason))
	return s.run(ctx)
}

func (s *step) run(ctx context.Context) (stepResult, error) {
	switch {
	case s.decision.Refused:
		return stepResult{code: exitRefused}, nil
	case s.decision.Command == action.Nothing:
		return stepResult{}, nil
	case s.decision.Command == action.OnMerge:
		return s.runMerge(ctx)
	case s.decision.Command == action.Retire || s.decision.Command == action.Prune:
		return s.runImages(ctx)
	}
	if !s.decision.Untrusted { // the cache is made by the run, with folders for us alone
		if err := makeFolders(s.workspace, path.Dir(s.in.CacheFile)); err != nil {
			return stepResult{}, usage(fmt.Errorf("input cache-file: %w", err))
		}
	}
	if !s.decision.Untrusted && (s.in.Named() || s.decision.Command == action.Bump && !s.in.InPlace) {
		return s.runRemote(ctx)
	}
	return s.runLocal(ctx)
}

// fail ends the step with an error, which the workflow sees as such.
func (s *step) fail(err error) error {
	code := exitFailed
	var known *statusError
	var mistake *config.Error
	switch {
	case errors.As(err, &known):
		code = known.status
	case errors.As(err, &mistake):
		code = exitUsage
	}
	message := clean(err.Error())
	return errors.Join(&statusError{status: code}, s.job.Annotate([]action.Annotation{{Level: action.Error, Message: message}}),
		s.outputs(stepResult{code: code}, code), s.job.Summary("## basekeeper\n\n* failed: "+render.Escape(message)+"\n"))
}
