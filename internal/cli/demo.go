package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/demo"
)

func newDemoCmd(env Env) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show it all, on a registry and repositories of its own",
		Long: `demo starts a registry on this machine's loopback address, makes a folder of git
repositories, moves a base image, and runs the commands that you would run. It
needs no network and no other program, and removes everything when it is done.`,
		Example: `  basekeeper demo
  basekeeper demo --keep`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo.Run(cmd.Context(), demo.Options{
				Out: env.Stdout, Now: env.Now(), Keep: keep, Wait: env.Terminal,
				Run: func(ctx context.Context, out io.Writer, args ...string) int {
					return Main(ctx, Env{Args: args, Stdout: out, Stderr: out, Getenv: func(string) string { return "" }, Now: env.Now})
				},
			})
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "leave the repositories to play with; on a terminal the registry goes on until Ctrl-C")
	return cmd
}
