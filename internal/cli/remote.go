package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/local"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
)

// remoteOptions are the flags for repositories on a forge.
type remoteOptions struct {
	organizations []string
	groups        []string
	users         []string
	repositories  []string
	installation  bool
	forge         string
	url           string
	gitlabURL     string
	image         string
	appID         int64
	appKey        string
	timeLimit     time.Duration
}

func (o *remoteOptions) add(cmd *cobra.Command) {
	o.addScope(cmd, "work on the repositories of %s")
	cmd.Flags().StringVar(&o.image, "image", "", "look at `IMAGE[:TAG]` alone")
}

// addScope adds where repositories are looked for, and what for.
func (o *remoteOptions) addScope(cmd *cobra.Command, what string) {
	f := cmd.Flags()
	f.StringSliceVar(&o.organizations, "organization", nil, fmt.Sprintf(what, "`ORG` on GitHub"))
	f.StringSliceVar(&o.groups, "group", nil, fmt.Sprintf(what, "`GROUP` on GitLab and its subgroups"))
	f.StringSliceVar(&o.users, "user", nil, fmt.Sprintf(what, "the user `LOGIN`"))
	f.StringSliceVar(&o.repositories, "repository", nil, strings.Replace(what, "repositories of %s", "repository `OWNER/NAME`, on GitLab GROUP/.../PROJECT", 1))
	f.BoolVar(&o.installation, "installation", false, fmt.Sprintf(what, "all installations of the GitHub App, or all that the token may see"))
	o.addAccess(cmd)
}

// addAccess adds how forges are reached.
func (o *remoteOptions) addAccess(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.forge, "forge", "", "the `FORGE` that it is on: github or gitlab (default gitlab in a GitLab pipeline, or where a flag or the configuration is about GitLab)")
	f.StringVar(&o.gitlabURL, "gitlab-url", "", "base `URL` of a GitLab (default $CI_SERVER_URL, then gitlab.com)")
	o.addGitHub(cmd)
}

// addGitHub adds how GitHub is reached.
func (o *remoteOptions) addGitHub(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.url, "github-url", "", "base `URL` of a GitHub Enterprise Server (default $GITHUB_API_URL, then github.com)")
	f.Int64Var(&o.appID, "app-id", 0, "`ID` of the GitHub App to work as (default $BASEKEEPER_APP_ID)")
	f.StringVar(&o.appKey, "app-key", "", "`FILE` with the App's private key (default the text in $BASEKEEPER_APP_KEY)")
	f.DurationVar(&o.timeLimit, "time-limit", time.Hour, "leave to the next run what the forge's limits do not allow within `DURATION`")
}

// named reports whether the flags name repositories on a forge.
func (o remoteOptions) named() bool {
	return o.installation || len(o.organizations)+len(o.groups)+len(o.users)+len(o.repositories) > 0
}

// anywhere is the same without what names repositories.
func (o remoteOptions) anywhere() remoteOptions {
	o.organizations, o.groups, o.users, o.repositories, o.installation = nil, nil, nil, nil, false
	return o
}

// scope is where the flags, or else the configuration, look for repositories.
func (o remoteOptions) scope(c config.Config, flavor forge.Flavor) (forge.Scope, error) {
	scope := c.Repositories.Scope()
	if o.named() {
		scope = forge.Scope{Organizations: slices.Concat(o.organizations, o.groups), Users: o.users, Names: o.repositories, Installation: o.installation, Shared: scope.Shared}
	}
	for _, name := range scope.Names {
		parts := strings.Split(name, "/")
		switch {
		case len(parts) < 2 || slices.Contains(parts, ""):
			return scope, usage(fmt.Errorf("--repository %s: want OWNER/NAME; for a pattern use repositories.include in the configuration", name))
		case len(parts) > 2 && flavor == forge.GitHub:
			return scope, usage(fmt.Errorf("--repository %s: want OWNER/NAME on GitHub; for GitLab say --forge gitlab", name))
		}
	}
	scope.BranchPrefix = forge.BranchPrefix
	return scope, nil
}

// only is the image that the run is about; zero for all.
func (o remoteOptions) only() (image.Reference, error) {
	if o.image == "" {
		return image.Reference{}, nil
	}
	ref, err := image.ParseReference(o.image)
	if err != nil {
		return ref, usage(fmt.Errorf("--image: %w", err))
	}
	return ref.Tagged(cmp.Or(ref.Tag, image.LatestTag)), nil
}

// remote is a run on a forge with what it was wired from.
type remote struct {
	bump.Remote
	host     *host
	registry *registry.Client
	memory   *cache.Cache
	leftOut  map[string]int // how many repositories the filters left out, by reason
	done     func()         // ends the progress bar
}

// Plan makes the plan of the run.
func (r *remote) Plan(ctx context.Context) (bump.Run, error) {
	run, err := r.Remote.Plan(ctx)
	r.leftOut = run.LeftOut
	return run, err
}

// isRemote reports whether a command is about repositories on a forge: flags
// name some, or the configuration that --config names does.
func isRemote(opts options, c config.Config) bool {
	r := c.Repositories
	return opts.remote.named() || opts.config != "" && (r.Installation || len(r.Organizations)+len(r.Users)+len(r.Names) > 0)
}

// remoteConfig reads the configuration of a run on a forge: --config, or that
// of a folder.
func remoteConfig(opts options, folder string) (w *workspace, given bool, err error) {
	dir, err := filepath.Abs(folder)
	if err != nil {
		return nil, false, err
	}
	w = &workspace{everyDigest: opts.everyDigest}
	given, err = w.runConfig(opts, local.Repository{Name: ".", Dir: dir})
	if err != nil {
		return nil, false, usage(err)
	}
	return w, given, nil
}

// asRemote wires up a run on a forge; nil where the command is about local
// files.
func asRemote(env Env, opts options) (*remote, error) {
	local := !opts.remote.named() && (opts.config == "" || len(opts.dirs) > 0) // folders come before what the configuration names
	var w *workspace
	var given bool
	if !local {
		var err error
		if w, given, err = remoteConfig(opts, "."); err != nil {
			return nil, err
		}
		local = !isRemote(opts, w.config)
	}
	switch {
	case local && opts.remote.image != "":
		return nil, usage(errors.New("--image is for repositories on a forge; name some with --repository, --organization or --group"))
	case local:
		return nil, nil //nolint:nilnil // the caller goes on with local files
	case len(opts.dirs) > 0:
		return nil, usage(errors.New("folders and repositories on a forge cannot be given together"))
	}
	return openRemote(env, opts, w, given)
}

// openRemote wires a run on a forge together.
func openRemote(env Env, opts options, w *workspace, given bool) (*remote, error) {
	flavor, err := forgeOf(env, opts.remote, w.config)
	if err != nil {
		return nil, err
	}
	scope, err := opts.remote.scope(w.config, flavor)
	if err != nil {
		return nil, err
	}
	only, err := opts.remote.only()
	if err != nil {
		return nil, err
	}
	settings := w.config // what flags name is taken as what the configuration names
	settings.Repositories.Organizations, settings.Repositories.Users = scope.Organizations, scope.Users
	settings.Repositories.Names, settings.Repositories.Installation = scope.Names, scope.Installation
	r := &remote{}
	if r.host, err = openHost(env, opts.remote, w.config); err != nil {
		return nil, err
	}
	if r.registry, err = newRegistry(env, opts, w.config); err != nil {
		return nil, err
	}
	if r.memory, err = opts.openCache(env); err != nil {
		return nil, err
	}
	progress, done := progressBar(env)
	r.done = done
	r.Remote = bump.Remote{
		Flow: bump.Flow{
			Registry: r.registry, Cache: r.memory, Verify: opts.verify || w.config.Verify, Now: env.Now(), Progress: progress,
		},
		Forge: r.host.hosting, Flavor: flavor, Home: r.host.home, Heads: r.memory, Details: r.registry, Config: settings, Given: given, Scope: scope, Only: only, Zone: time.LoadLocation,
		EveryDigest: opts.everyDigest,
	}
	return r, nil
}

// finish saves what was learned and tells how often whom was asked.
func (r *remote) finish(env Env, opts options) {
	r.done()
	opts.keep(env, r.memory)
	r.tell(env)
}

func (r *remote) tell(env Env) {
	for _, reason := range slices.Sorted(maps.Keys(r.leftOut)) {
		fmt.Fprintf(env.Stderr, "basekeeper: left out: %d × %s\n", r.leftOut[reason], reason)
	}
	fmt.Fprintf(env.Stderr, "%s; %s\n", requests(r.registry.Requests()), r.host.requests())
}

// applyRemote carries out a plan on a forge, prints what became of it, and
// ends with the status that it calls for.
func applyRemote(ctx context.Context, env Env, opts options, r *remote, run bump.Run, code int) error {
	rows, failed := r.carryOut(ctx, env, opts, run)
	if err := printPulled(env, opts.format, run.Plan, rows); err != nil {
		return err
	}
	return status(worse(failed, code))
}

// carryOut carries out a plan and returns what became of its pull requests,
// and the status that this calls for by itself.
func (r *remote) carryOut(ctx context.Context, env Env, opts options, run bump.Run) (rows []render.Pulled, code int) {
	outcomes := r.Apply(ctx, run)
	r.finish(env, opts)
	failed, done := false, false
	for _, o := range outcomes {
		row := render.Pulled{Pull: o.Pull, Done: o.Done, Lost: o.Lost, Signed: o.Signed, Warnings: o.Warnings}
		done = done || o.Done
		if o.Err != nil {
			failed = true
			row.Error = o.Err.Error()
			complain(env, o.Err)
		}
		rows = append(rows, row)
	}
	switch {
	case failed && !done:
		return rows, exitFailed
	case failed:
		return rows, exitPartial
	}
	return rows, exitDone
}

func printPulled(env Env, format string, p plan.Plan, rows []render.Pulled) error {
	if format == "json" {
		content, err := render.PulledJSON(p, rows)
		if err != nil {
			return err
		}
		return writeAll(env.Stdout, content)
	}
	p.Pulls = nil // what became of them follows
	if err := render.Plan(env.Stdout, p); err != nil {
		return err
	}
	return render.PulledTable(env.Stdout, p.Flavor, rows)
}
