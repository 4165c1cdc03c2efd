package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

type planOptions struct {
	options
	output string
}

func newPlanCmd(env Env) *cobra.Command {
	var opts planOptions
	cmd := &cobra.Command{
		Use:   "plan [DIR...]",
		Short: "Say which digests a bump would replace; write at most the plan",
		Long: `plan does everything that bump does up to the writing. With -o the plan is a
file, which apply carries out later: exactly that plan, and only on files that
are still what the plan read.`,
		Example: `  basekeeper plan
  basekeeper plan -o plan.json && basekeeper apply plan.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.dirs = args
			return runPlan(cmd.Context(), env, opts)
		},
	}
	opts.addResolve(cmd)
	opts.addFormat(cmd, "table", "json")
	cmd.Flags().StringVarP(&opts.output, "output", "o", "", "write the plan to `FILE`, for apply")
	return cmd
}

func runPlan(ctx context.Context, env Env, opts planOptions) error {
	m, err := makePlan(ctx, env, opts.options)
	if err != nil {
		return err
	}
	if opts.output != "" {
		content, err := m.plan.Encode()
		if err != nil {
			return err
		}
		if err := writeFile(opts.output, content); err != nil {
			return fmt.Errorf("write plan: %w", err)
		}
	}
	if err := m.print(env, opts.format); err != nil {
		return err
	}
	return status(planStatus(m.plan))
}
