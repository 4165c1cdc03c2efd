package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
)

type onMergeOptions struct {
	lifecycleOptions
	since  period
	dryRun bool
}

// mergesSince is how far back a run looks for merges by default.
const mergesSince = 7 * 24 * time.Hour

func newOnMergeCmd(env Env) *cobra.Command {
	opts := onMergeOptions{since: period(mergesSince)}
	cmd := &cobra.Command{
		Use:   "on-merge [OWNER/NAME#NUMBER...]",
		Short: "Retire the images that merged pull requests are about to replace",
		Long: `on-merge finds the images that a merged pull request has built anew, and retires
what each one's tag pointed at before the merge, though the new one may be there
already: runs that may write record what is published, for this.

Without arguments it follows up all merged bumps, of the last seven days, of the
repositories that the flags or the configuration name, and records what is
published now: a central run for many repositories, which then need no workflow
of their own. Once more for the same merge it does nothing.

Which images a repository builds is in the configuration, under images. Where
that lists none, it is ghcr.io/OWNER/NAME, if that image's own labels say that it
is built from there.`,
		Example: `  basekeeper on-merge acme/app#12
  basekeeper on-merge --organization acme`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runOnMerge(cmd.Context(), env, opts, args)
		},
	}
	opts.addLifecycle(cmd)
	opts.addFormat(cmd, "table", "json")
	opts.remote.addScope(cmd, "follow up the merges in the repositories of %s")
	f := cmd.Flags()
	f.Var(&opts.since, "since", "follow up the merges of the last `DURATION`")
	f.BoolVar(&opts.dryRun, "dry-run", false, "say what would be done; write nothing")
	return cmd
}

func runOnMerge(ctx context.Context, env Env, opts onMergeOptions, names []string) error {
	wanted, err := parsePulls(names)
	if err != nil {
		return err
	}
	l, err := openLifecycle(env, opts.lifecycleOptions, writing(opts.dryRun))
	if err != nil {
		return err
	}
	defer l.close()
	scope := forge.Scope{}
	for _, w := range wanted {
		scope.Names = append(scope.Names, w.repository)
	}
	if len(wanted) == 0 {
		if scope, err = opts.remote.scope(l.config, l.flavor); err != nil {
			return err
		}
	}
	rows, err := l.followUp(ctx, scope, wanted, time.Duration(opts.since), opts.dryRun)
	if err != nil && len(rows) == 0 {
		return lifecycleStatus(err)
	}
	if err := printRetired(env, opts.format, rows); err != nil {
		return err
	}
	if err != nil {
		complain(env, err)
	}
	return status(retiredStatus(rows, err))
}

// retiredStatus is the exit status that outcomes call for.
func retiredStatus(rows []render.Retired, err error) int {
	failed := slices.ContainsFunc(rows, func(r render.Retired) bool { return r.Error != "" })
	done := slices.ContainsFunc(rows, func(r render.Retired) bool { return r.Error == "" })
	var known *statusError
	switch {
	case !failed && err == nil:
		return exitDone
	case errors.As(err, &known):
		return known.status
	case done || len(rows) == 0 && !errors.Is(err, image.ErrRefused):
		return exitPartial
	case errors.Is(err, image.ErrRefused):
		return exitRefused
	}
	return exitFailed
}

// followMerges is what a run on a forge does for the images that its
// configuration lists: for the bumps that were merged since the last runs. The
// status is what went wrong, which does not keep the run from going on.
func followMerges(ctx context.Context, env Env, opts options, r *remote) (code int, err error) {
	if len(r.Config.Images) == 0 {
		return exitDone, nil
	}
	l, err := newLifecycle(env, lifecycleOptions{options: opts}, r.Config, registry.Push)
	if err != nil {
		return exitFailed, err
	}
	l.host, l.memory = r.host, r.memory
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
		return retiredStatus(rows, err), render.RetiredTable(out, rows)
	}
	return retiredStatus(rows, err), nil
}
