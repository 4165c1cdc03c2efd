package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/demo"
	"github.com/basekeeper/basekeeper/internal/forge"
)

func newDemoCmd(env Env) *cobra.Command {
	var keep bool
	var on string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show it all, on a registry, a GitHub or GitLab and repositories of its own",
		Long: `demo starts a registry and a GitHub, or a GitLab, on this machine's loopback
address, makes a folder and an organisation or group of repositories, moves base
images, and runs the commands that you would run. It needs no network and no
other program, checks that all is as it says, and removes everything when it is
done.`,
		Example: `  basekeeper demo
  basekeeper demo --forge gitlab
  basekeeper demo --keep`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flavor, err := parseForge(on)
			if err != nil {
				return err
			}
			return demo.Run(cmd.Context(), demo.Options{
				Flavor: flavor, Out: env.Stdout, Now: env.Now, Keep: keep, Wait: env.Terminal,
				Run: func(ctx context.Context, c demo.Command) int {
					return Main(ctx, Env{Args: c.Args, Stdout: c.Out, Stderr: c.Out, Getenv: c.Getenv, Now: c.Now, Sleep: c.Sleep})
				},
			})
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "leave the repositories to play with; on a terminal registry and forge go on until Ctrl-C")
	addForge(cmd, &on)
	return cmd
}

// addForge adds the flag for which forge this machine is to have.
func addForge(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "forge", config.ForgeGitHub, "have a `FORGE`: github or gitlab")
}

// parseForge returns the forge of that name.
func parseForge(name string) (forge.Flavor, error) {
	switch name {
	case config.ForgeGitHub:
		return forge.GitHub, nil
	case config.ForgeGitLab:
		return forge.GitLab, nil
	}
	return "", usage(fmt.Errorf("--forge %s: want github or gitlab", name))
}
