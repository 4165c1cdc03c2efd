package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/demo"
)

type sandboxOptions struct {
	registryAddr, gitHubAddr string
	empty                    bool
	from                     string
	json                     bool
	span                     time.Duration
}

func newSandboxCmd(env Env) *cobra.Command {
	var opts sandboxOptions
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a registry and a GitHub on this machine, to try things on",
		Long: `sandbox runs a registry and a GitHub on this machine's loopback address until
Ctrl-C, and prints the environment that has other commands work on them. Both
live in memory: nothing stays, nothing leaves the machine, and anybody on it may
do everything.

The registry takes images from crane, docker and other programs. The GitHub has
the part of the REST and GraphQL APIs that basekeeper uses, with real pull
requests, but no pages to look at and no git protocol. Its organisation acme has
repositories whose base image has moved; with --from it has your own.`,
		Example: `  basekeeper sandbox
  basekeeper sandbox --empty --registry-addr 127.0.0.1:0 --github-addr localhost:0
  basekeeper sandbox --from repositories
  basekeeper sandbox --json --for 10m`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSandbox(cmd.Context(), env, opts) },
	}
	f := cmd.Flags()
	f.StringVar(&opts.registryAddr, "registry-addr", "", "have the registry at `HOST:PORT` of the loopback interface (default a free port)")
	f.StringVar(&opts.gitHubAddr, "github-addr", "", "have GitHub at `HOST:PORT` of the loopback interface (default a free port)")
	f.BoolVar(&opts.empty, "empty", false, "start without images and repositories")
	f.StringVar(&opts.from, "from", "", "make repositories of the folders in `DIR` instead")
	f.BoolVar(&opts.json, "json", false, "print the addresses as one line of JSON")
	f.DurationVar(&opts.span, "for", 0, "end after `DURATION` (default at Ctrl-C)")
	return cmd
}

func runSandbox(ctx context.Context, env Env, opts sandboxOptions) error {
	switch {
	case opts.span < 0:
		return usage(fmt.Errorf("--for %s: want a duration that is not negative", opts.span))
	case opts.empty && opts.from != "":
		return usage(errors.New("--empty and --from cannot be given together"))
	}
	world, err := demo.StartWorld(ctx, demo.WorldOptions{RegistryAddr: opts.registryAddr, GitHubAddr: opts.gitHubAddr, Now: env.Now})
	switch {
	case errors.Is(err, demo.ErrAddress):
		return usage(err)
	case err != nil:
		return err
	}
	defer func() { _ = world.Close() }() // nothing of it is kept
	if err := opts.furnish(ctx, world); err != nil {
		return err
	}
	if err := opts.tell(env, world); err != nil {
		return err
	}
	return env.wait(ctx, opts.span)
}

// furnish puts into the world what the flags ask for.
func (o sandboxOptions) furnish(ctx context.Context, w *demo.World) error {
	switch {
	case o.from != "":
		err := w.Load(ctx, o.from)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, demo.ErrNoFolders) {
			return usage(fmt.Errorf("--from: %w", err))
		}
		return err
	case o.empty:
		return nil
	}
	return w.Furnish(ctx)
}

// tell prints where things are.
func (o sandboxOptions) tell(env Env, w *demo.World) error {
	if o.json {
		content, err := json.Marshal(struct {
			Registry     string `json:"registry"`       // host in references
			GitHub       string `json:"github_api_url"` // also $GITHUB_API_URL
			Token        string `json:"github_token"`   // also $GITHUB_TOKEN
			Organization string `json:"organization"`
		}{w.Registry, w.GitHub, demo.Token, demo.Organization})
		if err != nil {
			return err
		}
		return writeAll(env.Stdout, append(content, '\n'))
	}
	text := fmt.Sprintf(`registry  %s
GitHub    %s

In another terminal:

  export GITHUB_API_URL=%[2]s
  export GITHUB_TOKEN=%[3]s
  basekeeper bump --organization %[4]s
`, w.Registry, w.GitHub, demo.Token, demo.Organization)
	if !o.empty && o.from == "" {
		text += fmt.Sprintf(`
To merge a pull request, and to move a base image on; then bump again:

  curl -X PUT -H "Authorization: Bearer $GITHUB_TOKEN" $GITHUB_API_URL/repos/%s/tomcat/pulls/1/merge
  crane tag %s/base/rhel:next 7.5
`, demo.Organization, w.Registry)
	}
	if o.span == 0 {
		text += "\nIt runs until Ctrl-C.\n"
	}
	return writeAll(env.Stdout, []byte(text))
}

// wait waits until the span is over or the user has had enough; a span of 0
// goes on until then.
func (env Env) wait(ctx context.Context, span time.Duration) error {
	if span == 0 {
		span = math.MaxInt64
	}
	if env.Sleep != nil {
		_ = env.Sleep(ctx, span) // an error is the end all the same
		return nil
	}
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}
