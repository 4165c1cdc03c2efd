package cli

import (
	"io"

	"github.com/spf13/cobra"
)

// newCompletionCmd takes the place of cobra's own command, which has no
// examples and takes a shell that it does not know for none.
func newCompletionCmd(env Env) *cobra.Command {
	shells := map[string]func(root *cobra.Command, w io.Writer) error{
		"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"zsh":        func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
		"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		"powershell": func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
	}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes commands and flags in a shell",
		Example: `  basekeeper completion bash > /etc/bash_completion.d/basekeeper
  basekeeper completion zsh > "${fpath[1]}/_basekeeper"
  basekeeper completion fish > ~/.config/fish/completions/basekeeper.fish`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return shells[args[0]](cmd.Root(), env.Stdout)
		},
	}
}
