package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
)

// runner is where a step runs; *action.Job is GitHub's, *pipeline.Job GitLab's.
type runner interface {
	// Quote makes what is printed text, whoever wrote it, until resume is called.
	Quote() (resume func() error, err error)
	// Section prints a part of what is quoted, which people may fold.
	Section(name, header string, write func() error) error
	Annotate(all []job.Annotation) error
	Summary(markdown string) error
	Output(name, value string) error
	Getenv(name string) string
	Call(input string) string // what people know an input as
}

// system is the CI system around a step: its runner, and what each has its own
// way for. action.go has GitHub's, pipeline.go GitLab's.
type system interface {
	runner
	// forge is what is around it, whatever the configuration says.
	forge() string
	// base returns who reads the base branch of the pull request of the event,
	// and the commit to read.
	base(ctx context.Context, s *step) (commitReader, forge.Commitish, error)
	// merges returns the merged bumps that the event is about, and why there is
	// none.
	merges(ctx context.Context, s *step) (all []forge.Merge, none string, err error)
	// mergeConfig reads the configuration that holds for what follows a merge.
	mergeConfig(ctx context.Context, s *step) (config.Config, error)
	// credentials are the variables by which the rest of the program learns what
	// the inputs say.
	credentials(in job.Inputs) map[string]string
	// reports are files that the system takes besides, of what is found in the
	// repository.
	reports(found plan.Plan) (map[string][]byte, error)
	// finish is called when all outputs are set.
	finish(s *step) error
}

// step is one run in CI.
type step struct {
	env        Env // of the run: what it may know, and its log for both streams
	job        system
	in         job.Inputs
	decision   job.Decision
	repository string    // that the job is of, by its full name; empty where that is not known
	branch     string    // whose files the job has; empty where that is not known
	about      *job.Pull // the pull request that the event is about; nil for none
	workspace  *os.Root  // nil until it is open
}

// stepResult is what a step has come to.
type stepResult struct {
	plan     *plan.Plan   // nil where none was made
	mended   map[int]bool // bumps of the plan that are done, by their index
	changed  bool         // files or pull requests
	pulled   []render.Pulled
	retired  []render.Retired
	pruned   []render.Pruned
	requests []render.Requests
	code     int    // exit status by itself, before fail-on
	note     string // what a person should know besides, for the summary
	written  bool   // the report is where the output says
}

// perform does what a step is for. An error of its preparation ends it too.
func (s *step) perform(ctx context.Context, err error) error {
	if s.workspace != nil {
		defer s.workspace.Close()
	}
	if err != nil {
		return s.fail(err)
	}
	result, err := s.quoted(ctx)
	if err != nil {
		return s.fail(err)
	}
	if err := s.report(result); err != nil {
		return s.fail(err)
	}
	return status(s.verdict(result))
}

// hide removes environment variables with secrets, which the programs that the
// run starts would inherit, credential helpers among them.
func hide(variables []string) error {
	for _, name := range variables {
		if err := os.Unsetenv(name); err != nil {
			return fmt.Errorf("hide %s: %w", name, err)
		}
	}
	return nil
}

// openWorkspace opens the folder that the job works in, by its path from here:
// where that is short, messages are.
func openWorkspace(named string) (*os.Root, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if named != "" {
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
	case s.decision.Command == job.Nothing:
		return stepResult{}, nil
	case s.in.Prune && s.in.InPlace && s.decision.Command == job.Bump:
		return stepResult{}, usage(fmt.Errorf("%s and %s cannot be given together for a bump", s.job.Call("prune"), s.job.Call("in-place")))
	case s.decision.Central:
		return s.runCentral(ctx)
	case s.decision.Merged || s.decision.Command == job.OnMerge:
		return s.runMerge(ctx)
	case s.decision.Command == job.Retire || s.decision.Command == job.Prune:
		return s.runImages(ctx)
	}
	return s.runFiles(ctx)
}

// runFiles checks or bumps files, of the workspace or of repositories.
func (s *step) runFiles(ctx context.Context) (stepResult, error) {
	if !s.decision.Untrusted { // the cache is made by the run, with folders for us alone
		if err := makeFolders(s.workspace, path.Dir(s.in.CacheFile)); err != nil {
			return stepResult{}, usage(fmt.Errorf("%s: %w", s.job.Call("cache-file"), err))
		}
	}
	if !s.decision.Untrusted && (s.in.Named() || s.decision.Command == job.Bump && !s.in.InPlace) {
		return s.runRemote(ctx)
	}
	return s.runLocal(ctx)
}

// fail ends the step with an error, which the job shows as such.
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
	return errors.Join(&statusError{status: code}, s.job.Annotate([]job.Annotation{{Level: job.Error, Message: message}}),
		s.outputs(stepResult{code: code}, code), s.job.Summary("## basekeeper\n\n* failed: "+render.Escape(message)+"\n"))
}
