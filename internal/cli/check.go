package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
)

type checkOptions struct {
	options
	exitCode bool
}

func newCheckCmd(env Env) *cobra.Command {
	var opts checkOptions
	cmd := &cobra.Command{
		Use:   "check [DIR...]",
		Short: "Show which pinned digests their tags have left; change nothing",
		Long: `check asks the registries where the tags of all pinned images point now and
shows what is stale, what is held back and why: in folders, or in repositories on
GitHub or GitLab, whose pull requests it looks at too. It writes nothing but its
cache.

With --exit-code the status is 3 when a reference is stale. It is 4 when a
registry or a file could not be read; everything else is shown all the same.`,
		Example: `  basekeeper check
  basekeeper check --exit-code --format sarif > basekeeper.sarif`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.dirs = args
			return runCheck(cmd.Context(), env, opts)
		},
	}
	opts.addResolve(cmd)
	opts.addFormat(cmd, "table", "json", "sarif")
	cmd.Flags().BoolVar(&opts.exitCode, "exit-code", false, "exit with status 3 when a reference is stale")
	return cmd
}

func runCheck(ctx context.Context, env Env, opts checkOptions) error {
	m, err := makePlan(ctx, env, opts.options)
	if err != nil {
		return err
	}
	if err := m.print(env, opts.format); err != nil {
		return err
	}
	code := planStatus(m.plan)
	if code == exitDone && opts.exitCode && m.plan.Stale() {
		code = exitStale
	}
	return status(code)
}

// print writes the plan to standard output and the requests beside it.
func (m made) print(env Env, format string) error {
	if m.remote != nil {
		m.remote.tell(env)
	} else {
		fmt.Fprintln(env.Stderr, requests(m.requests))
	}
	return printPlan(env, m.plan, format)
}

func printPlan(env Env, p plan.Plan, format string) error {
	switch format {
	case "json":
		content, err := p.Encode()
		if err != nil {
			return err
		}
		return writeAll(env.Stdout, content)
	case "sarif":
		content, err := render.SARIF(p, version())
		if err != nil {
			return err
		}
		return writeAll(env.Stdout, content)
	}
	return render.Plan(env.Stdout, p)
}
