package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
)

type onMergeOptions struct {
	lifecycleOptions
	since  period
	commit string
	prune  bool
	dryRun bool
}

// mergesSince is how far back a run looks for merges by default.
const mergesSince = 7 * 24 * time.Hour

func newOnMergeCmd(env Env) *cobra.Command {
	opts := onMergeOptions{since: period(mergesSince)}
	cmd := &cobra.Command{
		Use:   "on-merge [OWNER/NAME#NUMBER...|GROUP/PROJECT!NUMBER...]",
		Short: "Retire the images that merged pull requests are about to replace",
		Long: `on-merge finds the images that a merged pull request has built anew, and retires
what each one's tag pointed at before the merge, though the new one may be there
already: runs that may write record what is published, for this.

Without arguments it follows up all merged bumps, of the last seven days or since
its last run, of the repositories that the flags or the configuration name: a
central run for many repositories, which then need no workflow of their own. In
each form it records what is published now. Merges into other branches than the
default one replace nothing. Once more for the same merge it does nothing. With --commit it
follows up the merge requests of one GitLab project that brought a commit; in a
GitLab pipeline that is what it does without arguments.

Which images a repository builds is in the configuration, under images. Where
that lists none, it is ghcr.io/OWNER/NAME, or what the forge's own registry has
under the repository's name, if that image's own labels say that it is built from
there.`,
		Example: `  basekeeper on-merge acme/app#12
  basekeeper on-merge --organization acme
  basekeeper on-merge --group acme --prune`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runOnMerge(cmd.Context(), env, opts, args)
		},
	}
	opts.addLifecycle(cmd)
	opts.addFormat(cmd, "table", "json")
	opts.remote.addScope(cmd, "follow up the merges in the repositories of %s")
	opts.roots.add(cmd)
	f := cmd.Flags()
	f.Var(&opts.since, "since", "follow up the merges of the last `DURATION`, or longer where the cache knows of no follow-up within it")
	f.StringVar(&opts.commit, "commit", "", "follow up what brought the commit `SHA` to the one --repository, on GitLab (default $CI_COMMIT_SHA there)")
	f.BoolVar(&opts.prune, "prune", false, "then delete what may be deleted of the images that the configuration lists, as prune --yes does; its roots are the configuration's and those of --uses, --in-use and --self-only")
	f.BoolVar(&opts.dryRun, "dry-run", false, "say what would be done; write nothing")
	return cmd
}

func runOnMerge(ctx context.Context, env Env, opts onMergeOptions, names []string) error {
	wanted, err := parsePulls(names)
	if err != nil {
		return err
	}
	access := writing(opts.dryRun)
	if opts.prune && !opts.dryRun {
		access = registry.Delete
	}
	if opts.prune && opts.format == "json" {
		return usage(errors.New("--prune and --format json cannot be given together: run basekeeper prune afterwards"))
	}
	l, err := openLifecycle(env, opts.lifecycleOptions, access)
	if err != nil {
		return err
	}
	defer l.close()
	rows, err := l.mergesOf(ctx, opts, wanted)
	if err != nil && len(rows) == 0 {
		return &statusError{failureStatus(err, exitFailed), err}
	}
	if err := printRetired(env, opts.format, rows); err != nil {
		return err
	}
	if err != nil {
		complain(env, err)
	}
	code := retiredStatus(err)
	if !opts.prune {
		return status(code)
	}
	pruned, err := l.pruneAfter(ctx, opts)
	if err != nil {
		return err
	}
	return status(worse(code, pruned))
}

// mergesOf retires what the merges replace that the command is about.
func (l *lifecycle) mergesOf(ctx context.Context, opts onMergeOptions, wanted []wantedPull) ([]render.Retired, error) {
	project, commit, err := opts.brought(l, wanted)
	if err != nil {
		return nil, err
	}
	if commit != "" {
		return l.followCommit(ctx, project, commit, opts.dryRun)
	}
	scope := forge.Scope{}
	for _, w := range wanted {
		scope.Names = append(scope.Names, w.repository)
	}
	if len(wanted) == 0 {
		if scope, err = opts.remote.scope(l.config, l.flavor); err != nil {
			return nil, err
		}
	}
	return l.followUp(ctx, scope, wanted, time.Duration(opts.since), opts.dryRun)
}

// brought returns the project and the commit that the command is about; empty
// where it is about merges by number or by time.
func (o onMergeOptions) brought(l *lifecycle, wanted []wantedPull) (project, commit string, err error) {
	alone := len(wanted) == 0 && !o.remote.named() && !isRemote(o.options, l.config)
	if o.commit == "" {
		if l.flavor == forge.GitLab && alone {
			return l.env.Getenv("CI_PROJECT_PATH"), l.env.Getenv("CI_COMMIT_SHA"), nil
		}
		return "", "", nil
	}
	switch {
	case l.flavor != forge.GitLab:
		return "", "", usage(errors.New("--commit is for GitLab; on GitHub name the pull request, OWNER/NAME#NUMBER"))
	case len(wanted) > 0:
		return "", "", usage(errors.New("--commit and merge requests cannot be given together"))
	case len(o.remote.repositories) == 1 && len(o.remote.groups)+len(o.remote.organizations)+len(o.remote.users) == 0:
		return o.remote.repositories[0], o.commit, nil
	case alone && l.env.Getenv("CI_PROJECT_PATH") != "":
		return l.env.Getenv("CI_PROJECT_PATH"), o.commit, nil
	}
	return "", "", usage(errors.New("--commit needs the one --repository that it was brought to"))
}

// pruneAfter deletes what may be deleted now, and returns the status that this
// calls for. In a dry run it only says what that is. Flags say whose merges the
// command is about, and not where the images are used: that is the
// configuration's to say.
func (l *lifecycle) pruneAfter(ctx context.Context, opts onMergeOptions) (code int, err error) {
	l.opts.remote = l.opts.remote.anywhere()
	p, flow, err := l.planPrune(ctx, nil, retentionOptions{}, !opts.dryRun)
	if err != nil {
		return 0, err
	}
	var outcomes []prune.Outcome
	if !opts.dryRun {
		outcomes = flow.Apply(ctx, p)
	}
	err = finishPrune(l.env, opts.format, p, outcomes)
	var known *statusError
	if errors.As(err, &known) && known.err == nil {
		return known.status, nil
	}
	return exitDone, err
}

// retiredStatus is the exit status of a run that did part of its work, by what
// went wrong beside that.
func retiredStatus(err error) int { return failureStatus(err, exitPartial) }

// failureStatus is the exit status that joined errors call for; otherwise is that
// of one which calls for none by itself.
func failureStatus(err error, otherwise int) int {
	if err == nil {
		return exitDone
	}
	var known *statusError
	var mistake *config.Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // what is joined deeper is one failure
		code := exitDone
		for _, part := range joined.Unwrap() {
			code = worse(code, failureStatus(part, otherwise))
		}
		return code
	}
	switch {
	case errors.As(lifecycleStatus(err), &known):
		return known.status
	case errors.As(err, &mistake):
		return exitUsage
	}
	return otherwise
}

// followMerges is what a run on a forge does for the images that its
// configuration lists: for the bumps that were merged since the last runs. The
// status is what went wrong, which does not keep the run from going on.
func followMerges(ctx context.Context, env Env, opts options, r *remote) (code int, err error) {
	if len(r.Config.Images) == 0 {
		return exitDone, nil
	}
	l, err := r.lifecycle(env, opts)
	if err != nil {
		return exitFailed, err
	}
	rows, err := l.followUp(ctx, r.Scope, nil, mergesSince, false)
	if err != nil {
		complain(env, err)
	}
	out := env.Stdout
	if opts.format == "json" {
		out = env.Stderr
	}
	fmt.Fprintln(env.Stderr, requests(l.registry.Requests()))
	l.registry.Close()
	if len(rows) > 0 {
		return retiredStatus(err), render.RetiredTable(out, rows)
	}
	return retiredStatus(err), nil
}

// recordPublished has the ledgers remember what is published of the images that
// the configuration of a run on a forge lists.
func recordPublished(ctx context.Context, env Env, opts options, r *remote) error {
	if len(r.Config.Images) == 0 {
		return nil
	}
	l, err := r.lifecycle(env, opts)
	if err != nil {
		return err
	}
	l.recordToo(ctx, false)
	l.registry.Close()
	return nil
}

// lifecycle works on published images with what the run on a forge has.
func (r *remote) lifecycle(env Env, opts options) (*lifecycle, error) {
	l, err := newLifecycle(env, lifecycleOptions{options: opts}, r.Config, registry.Push)
	if err != nil {
		return nil, err
	}
	l.host, l.memory = r.host, r.memory
	return l, nil
}
