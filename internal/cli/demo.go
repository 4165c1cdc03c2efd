package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/demo"
)

func newDemoCmd(env Env) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show it all, on a registry, a GitHub and repositories of its own",
		Long: `demo starts a registry and a GitHub on this machine's loopback address, makes a
folder and an organisation of repositories, moves base images, and runs the
commands that you would run. It needs no network and no other program, checks
that all is as it says, and removes everything when it is done.`,
		Example: `  basekeeper demo
  basekeeper demo --keep`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo.Run(cmd.Context(), demo.Options{
				Out: env.Stdout, Now: env.Now, Keep: keep, Wait: env.Terminal,
				Run: func(ctx context.Context, c demo.Command) int {
					return Main(ctx, Env{Args: c.Args, Stdout: c.Out, Stderr: c.Out, Getenv: c.Getenv, Now: c.Now, Sleep: c.Sleep})
				},
			})
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "leave the repositories to play with; on a terminal registry and GitHub go on until Ctrl-C")
	return cmd
}
