package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/render"
)

// Env is what the process gives to the program; nothing below reads it from
// elsewhere.
type Env struct {
	Args           []string
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Now            func() time.Time
	Terminal       bool // Stderr is a terminal: progress may be shown

	// Sleep waits between attempts to reach a registry; nil means a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Transport replaces the innermost one to registries and their APIs; nil
	// means the network.
	Transport http.RoundTripper
}

// Exit statuses; where several hold, the first of usage, failed, refused,
// partial, stale.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2 // wrong usage or configuration
	exitStale   = 3 // stale references found, and the caller asked to be told
	exitPartial = 4 // a registry, repository or file failed; the rest was done
	exitRefused = 5 // by policy or a safety rule
)

// statusError ends the program with a status. An empty message has been
// printed as part of the result already.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

func usage(err error) error { return &statusError{exitUsage, err} }

// status is nil for 0, and ends the program silently otherwise.
func status(code int) error {
	if code == exitDone {
		return nil
	}
	return &statusError{status: code}
}

// Main runs the program and returns its exit status.
func Main(ctx context.Context, env Env) int {
	root := newRoot(env)
	root.SetArgs(env.Args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var known *statusError
	switch {
	case errors.As(err, &known):
		if known.err != nil {
			complain(env, known.err)
		}
		return known.status
	case ctx.Err() != nil:
		fmt.Fprintln(env.Stderr, "basekeeper: interrupted")
		return exitFailed
	}
	complain(env, err)
	if mistake := (*config.Error)(nil); errors.As(err, &mistake) {
		return exitUsage
	}
	return exitFailed
}

// complain writes an error, which can name files and repeat their lines, so
// that nothing in them gets at the terminal.
func complain(env Env, err error) {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		parts := strings.Split(line, "\t") // carets stand under them
		for j := range parts {
			parts[j] = render.Clean(parts[j])
		}
		lines[i] = strings.Join(parts, "\t")
	}
	fmt.Fprintln(env.Stderr, "basekeeper: "+strings.Join(lines, "\n"))
}

func newRoot(env Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "basekeeper",
		Short: "Keep the base images that Dockerfiles pin up to date",
		Long: `basekeeper finds the images that Dockerfiles pin by digest, asks the registries
where their tags point now, and replaces each digest that has moved, byte for
byte, with a reason for everything that it leaves alone: in folders, or by pull
requests in repositories on GitHub or GitLab.

Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 stale
references found (check --exit-code), 4 done in part (a registry, repository or
file failed), 5 refused by policy or a safety rule.`,
		Example: `  basekeeper check            # what is stale in this repository?
  basekeeper bump             # bring it up to date
  basekeeper demo             # see it work, on a registry and a GitHub of its own`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	})
	root.AddCommand(
		newScanCmd(env), newCheckCmd(env), newPlanCmd(env), newApplyCmd(env), newBumpCmd(env), newActionCmd(env), newPipelineCmd(env),
		newRetireCmd(env), newRollbackCmd(env), newOnMergeCmd(env), newPruneCmd(env), newRestoreCmd(env), newLedgerCmd(env),
		newPublishCmd(env), newInitCmd(env), newSchemaCmd(env), newSandboxCmd(env), newDemoCmd(env), newVersionCmd(env), newCompletionCmd(env),
	)
	addHelp(root)
	for _, cmd := range append(root.Commands(), root) {
		cmd.Args = asUsage(cmd.Args)
	}
	return root
}

// addHelp adds cobra's help command, which by itself takes a command that there
// is none of for none at all.
func addHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, err := root.Find([]string{"help"})
	if err != nil {
		return
	}
	help.Example = "  basekeeper help bump"
	help.Args = func(_ *cobra.Command, args []string) error {
		if _, rest, err := root.Find(args); err != nil || len(rest) > 0 {
			return usage(fmt.Errorf("help: no command %q", strings.Join(args, " ")))
		}
		return nil
	}
}

// asUsage makes a wrong number of arguments a mistake of usage.
func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
		}
		return nil
	}
}
