package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/render"
)

type bumpOptions struct {
	options
	dryRun bool
}

func newBumpCmd(env Env) *cobra.Command {
	var opts bumpOptions
	cmd := &cobra.Command{
		Use:   "bump [DIR...]",
		Short: "Replace the digests that their tags have left",
		Long: `bump makes a plan and applies it. Only the text of digests changes, every other
byte of a file stays. A second run does nothing.

In folders it changes the files and does not commit. For repositories on GitHub
or GitLab it opens pull requests, moves those on that are behind, and closes
those that nothing is left of. The token is read from BASEKEEPER_TOKEN, or else
from GITHUB_TOKEN or GITLAB_TOKEN. Where the configuration lists images, it first
does what on-merge does for the bumps that were merged lately, and records what
is published.`,
		Example: `  basekeeper bump
  basekeeper bump --dry-run
  basekeeper bump --verify repositories
  basekeeper bump --organization acme
  basekeeper bump --group acme --gitlab-url https://gitlab.example.com
  basekeeper bump --repository acme/app --image debian:12`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.dirs = args
			return runBump(cmd.Context(), env, opts)
		},
	}
	opts.addResolve(cmd)
	opts.addFormat(cmd, "table", "json")
	cmd.Flags().BoolVar(&opts.dryRun, "dry-run", false, "stop after the plan")
	return cmd
}

func runBump(ctx context.Context, env Env, opts bumpOptions) error {
	m, err := makePlan(ctx, env, opts.options)
	if err != nil {
		return err
	}
	if m.remote != nil && !opts.dryRun {
		code, err := followMerges(ctx, env, opts.options, m.remote)
		if err != nil {
			return err
		}
		return applyRemote(ctx, env, opts.options, m.remote, m.run, worse(planStatus(m.plan), code))
	}
	if opts.dryRun {
		if err := m.print(env, opts.format); err != nil {
			return err
		}
		return status(planStatus(m.plan))
	}
	fmt.Fprintln(env.Stderr, requests(m.requests))
	if opts.format == "table" {
		if err := render.Plan(env.Stdout, m.plan); err != nil {
			return err
		}
	}
	return apply(ctx, env, opts.options, m.plan, m.workspace, planStatus(m.plan))
}
