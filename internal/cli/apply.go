package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
)

// maxPlan bounds a plan file, in bytes.
const maxPlan = 256 << 20

func newApplyCmd(env Env) *cobra.Command {
	var opts options
	cmd := &cobra.Command{
		Use:   "apply PLAN [DIR...]",
		Short: "Carry out a plan, on files that are still what it read",
		Long: `apply does exactly what the plan file says, in the folders that the plan was
made in, or in DIR, or on GitHub or GitLab where the plan is for repositories
there; it remembers which. A file that has changed since is refused, and with it
the rest of its repository or pull request; nothing is half-written. A plan that
has been applied already changes nothing.

A plan of prune is carried out in the registries: what it says, as far as that
may still be deleted now. A tag that has moved since is left alone, and so is
what is in use by now: the roots that the plan was made with are read again. If
that cannot be done whole, nothing is deleted.`,
		Example: `  basekeeper plan -o plan.json && basekeeper apply plan.json
  basekeeper prune -o plan.json && basekeeper apply plan.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.dirs = args[1:]
			return runApply(cmd.Context(), env, opts, args[0])
		},
	}
	opts.addFormat(cmd, "table", "json")
	opts.addConfig(cmd)
	opts.addCache(cmd)
	opts.remote.addAccess(cmd)
	return cmd
}

// onForge is the same for the forge that a plan was made for, unless the flags
// say which it is.
func (o remoteOptions) onForge(flavor forge.Flavor) remoteOptions {
	if o.forge == "" && o.url == "" && o.appID == 0 && o.gitlabURL == "" {
		o.forge = config.ForgeGitHub
		if flavor == forge.GitLab {
			o.forge = config.ForgeGitLab
		}
	}
	return o
}

// applySaved carries out a plan for repositories on a forge.
func applySaved(ctx context.Context, env Env, opts options, p plan.Plan) error {
	if len(opts.dirs) > 0 {
		return usage(errors.New("the plan is for repositories on " + p.Flavor.String() + ": it needs no folder"))
	}
	opts.remote = opts.remote.onForge(p.Flavor)
	w, given, err := remoteConfig(opts, ".")
	if err != nil {
		return err
	}
	r, err := openRemote(env, opts, w, given)
	if err != nil {
		return err
	}
	run, err := r.Reload(ctx, p)
	if err != nil {
		return err
	}
	if err := recordPublished(ctx, env, opts, r); err != nil {
		return err
	}
	return applyRemote(ctx, env, opts, r, run, planStatus(run.Plan))
}

// applyPrune carries out a plan of prune.
func applyPrune(ctx context.Context, env Env, opts options, file string, content []byte) error {
	p, err := prune.Decode(content)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", file, err))
	}
	if len(opts.dirs) > 0 {
		return usage(errors.New("the plan is for images in registries: it needs no folder"))
	}
	l, err := openLifecycle(env, opts.rooted(p.Scope), registry.Delete)
	if err != nil {
		return err
	}
	defer l.close()
	images := make([]image.Reference, len(p.Repositories))
	for i, r := range p.Repositories {
		if images[i], err = image.ParseReference(r.Image); err != nil {
			return usage(fmt.Errorf("%s: %w", file, err))
		}
	}
	if err := l.usedNow(ctx, &p, images); err != nil {
		return err
	}
	flow, err := l.prune(ctx, images)
	if err != nil {
		return err
	}
	return finishPrune(env, opts.format, p, flow.Apply(ctx, p))
}

func runApply(ctx context.Context, env Env, opts options, file string) error {
	content, err := readLimited(file, maxPlan)
	if err != nil {
		return usage(fmt.Errorf("read plan: %w", err))
	}
	if prune.IsPlan(content) {
		return applyPrune(ctx, env, opts, file, content)
	}
	p, err := plan.Decode(content)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", file, err))
	}
	if p.Forge {
		return applySaved(ctx, env, opts, p)
	}
	if len(opts.dirs) == 0 {
		opts.dirs = p.Roots
	}
	w, err := open(ctx, env, opts)
	if err != nil {
		return err
	}
	for _, problem := range w.problems {
		complain(env, fmt.Errorf("%s: %s", render.Place(problem.Repository, problem.Path, problem.Line), problem.Message))
	}
	return apply(ctx, env, opts, p, w, exitDone)
}

// apply carries out the plan, prints the outcomes, and ends with the status
// that they call for, or the one that is given where it comes first.
func apply(ctx context.Context, env Env, opts options, p plan.Plan, w *workspace, code int) error {
	outcomes := bump.Apply(ctx, p, w.flow())
	if err := printOutcomes(env, opts.format, p, outcomes); err != nil {
		return err
	}
	failed, changed := outcomeStatus(outcomes)
	switch {
	case failed == exitDone:
		return status(code)
	case changed:
		return status(exitPartial)
	}
	return status(failed)
}

// outcomeStatus returns the first of the statuses that outcomes call for, and
// whether any of them changed something.
func outcomeStatus(outcomes []bump.Outcome) (code int, changed bool) {
	for _, o := range outcomes {
		changed = changed || len(o.Changed) > 0
		var unsafe *dockerfile.ChangedError
		switch {
		case o.Err == nil:
		case errors.As(o.Err, &unsafe) && code != exitFailed:
			code = exitRefused
		default:
			code = exitFailed
		}
	}
	return code, changed
}

func printOutcomes(env Env, format string, p plan.Plan, outcomes []bump.Outcome) error {
	rows := make([]render.Outcome, len(outcomes))
	for i, o := range outcomes {
		rows[i] = render.Outcome{Repository: o.Repository, Changed: o.Changed, Unchanged: o.Unchanged}
		if o.Err != nil {
			rows[i].Error = o.Err.Error()
			complain(env, o.Err)
		}
	}
	if format == "json" {
		content, err := render.OutcomesJSON(p, rows)
		if err != nil {
			return err
		}
		return writeAll(env.Stdout, content)
	}
	return render.Outcomes(env.Stdout, rows)
}
