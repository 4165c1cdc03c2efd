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
	"github.com/basekeeper/basekeeper/internal/forge"
)

type sandboxOptions struct {
	forge        string
	registryAddr string
	gitHubAddr   string
	gitLabAddr   string
	empty        bool
	from         string
	json         bool
	span         time.Duration
}

func newSandboxCmd(env Env) *cobra.Command {
	var opts sandboxOptions
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a registry and a GitHub or GitLab on this machine, to try things on",
		Long: `sandbox runs a registry and a GitHub, or a GitLab, on this machine's loopback
address until Ctrl-C, and prints the environment that has other commands work on
them. Both live in memory: nothing stays, nothing leaves the machine, and anybody
on it may do everything.

The registry takes images from crane, docker and other programs. The forge has
the part of its REST and GraphQL APIs that basekeeper uses, with real pull or
merge requests, but no pages to look at, no pipelines that run and no git
protocol. Its organisation or group acme has repositories whose base image has
moved; with --from it has your own.`,
		Example: `  basekeeper sandbox
  basekeeper sandbox --forge gitlab
  basekeeper sandbox --empty --registry-addr 127.0.0.1:0 --github-addr localhost:0
  basekeeper sandbox --forge gitlab --gitlab-addr localhost:0 --from repositories
  basekeeper sandbox --json --for 10m`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSandbox(cmd.Context(), env, opts) },
	}
	addForge(cmd, &opts.forge)
	f := cmd.Flags()
	f.StringVar(&opts.registryAddr, "registry-addr", "", "have the registry at `HOST:PORT` of the loopback interface (default a free port)")
	f.StringVar(&opts.gitHubAddr, "github-addr", "", "have GitHub at `HOST:PORT` of the loopback interface (default a free port)")
	f.StringVar(&opts.gitLabAddr, "gitlab-addr", "", "have GitLab at `HOST:PORT` of the loopback interface (default a free port)")
	f.BoolVar(&opts.empty, "empty", false, "start without images and repositories")
	f.StringVar(&opts.from, "from", "", "make repositories of the folders in `DIR` instead")
	f.BoolVar(&opts.json, "json", false, "print the addresses as one line of JSON")
	f.DurationVar(&opts.span, "for", 0, "end after `DURATION` (default at Ctrl-C)")
	return cmd
}

func runSandbox(ctx context.Context, env Env, opts sandboxOptions) error {
	options, err := opts.world(env)
	if err != nil {
		return err
	}
	world, err := demo.StartWorld(ctx, options)
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
	if err := opts.tell(env, options.Flavor, world); err != nil {
		return err
	}
	return env.wait(ctx, opts.span)
}

// world is the world that the flags ask for.
func (o sandboxOptions) world(env Env) (demo.WorldOptions, error) {
	flavor, err := parseForge(o.forge)
	options := demo.WorldOptions{Flavor: flavor, RegistryAddr: o.registryAddr, ForgeAddr: o.gitHubAddr + o.gitLabAddr, Now: env.Now}
	switch {
	case err != nil:
		return options, err
	case o.gitHubAddr != "" && flavor != forge.GitHub:
		return options, usage(errors.New("--github-addr is for --forge github"))
	case o.gitLabAddr != "" && flavor != forge.GitLab:
		return options, usage(errors.New("--gitlab-addr is for --forge gitlab"))
	case o.span < 0:
		return options, usage(fmt.Errorf("--for %s: want a duration that is not negative", o.span))
	case o.empty && o.from != "":
		return options, usage(errors.New("--empty and --from cannot be given together"))
	}
	return options, nil
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
func (o sandboxOptions) tell(env Env, flavor forge.Flavor, w *demo.World) error {
	if o.json {
		return tellPrograms(env, flavor, w)
	}
	words := demo.WordsOf(flavor)
	text := fmt.Sprintf(`registry  %s
%-8s  %s

In another terminal:

  export %s=%[3]s
  export %[5]s=%s
  basekeeper bump %s %s
`, w.Registry, flavor, w.Forge, words.Address, words.Token, demo.Token, words.Flag, demo.Organization)
	if !o.empty && o.from == "" {
		text += fmt.Sprintf(`
To merge a %s, and to move a base image on; then bump again:

  curl -X PUT -H "Authorization: Bearer $%s" $%s
  crane tag %s/base/rhel:next 7.5
`, flavor.Noun(), words.Token, words.Address+w.MergePath("tomcat", 1), w.Registry)
	}
	if o.span == 0 {
		text += "\nIt runs until Ctrl-C.\n"
	}
	return writeAll(env.Stdout, []byte(text))
}

// tellPrograms prints where things are, for programs to read. Addresses and
// tokens go by the names of the variables that they are for.
func tellPrograms(env Env, flavor forge.Flavor, w *demo.World) error {
	var content any = struct {
		Registry     string `json:"registry"` // host in references
		GitHub       string `json:"github_api_url"`
		Token        string `json:"github_token"`
		Organization string `json:"organization"`
	}{w.Registry, w.Forge, demo.Token, demo.Organization}
	if flavor == forge.GitLab {
		content = struct {
			Registry string `json:"registry"`
			GitLab   string `json:"ci_server_url"`
			Token    string `json:"gitlab_token"`
			Group    string `json:"group"`
		}{w.Registry, w.Forge, demo.Token, demo.Organization}
	}
	line, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return writeAll(env.Stdout, append(line, '\n'))
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
