package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/retire"
)

// lifecycleOptions are the flags that commands about published images share.
type lifecycleOptions struct {
	options
	roots rootOptions
}

// lifecycle is what commands about published images work with.
type lifecycle struct {
	env      Env
	opts     lifecycleOptions
	config   config.Config
	given    bool             // a file says what is in config
	registry *registry.Client // as far as the command's access goes
	store    artifact.Store
	memory   *cache.Cache
	host     *host        // nil until it is needed
	flavor   forge.Flavor // of it
	self     string       // folder of the repository that the run is about
}

// openLifecycle wires a command about published images together. Its
// configuration is --config, or that of this folder.
func openLifecycle(env Env, opts lifecycleOptions, access registry.Access) (*lifecycle, error) {
	w, given, err := remoteConfig(opts.options, ".")
	if err != nil {
		return nil, err
	}
	l, err := newLifecycle(env, opts, w.config, access)
	if err != nil {
		return nil, err
	}
	l.given = given
	return l, nil
}

func newLifecycle(env Env, opts lifecycleOptions, c config.Config, access registry.Access) (*lifecycle, error) {
	client, err := newRegistry(env, opts.options, c)
	if err != nil {
		return nil, err
	}
	flavor, err := forgeOf(env, opts.remote, c)
	if err != nil && !errors.Is(err, errWhichForge) { // who needs the forge is told
		return nil, err
	}
	l := &lifecycle{env: env, opts: opts, config: c, self: ".", registry: client.With(access), flavor: flavor}
	l.store = artifact.Store{Registry: l.registry, Sleep: env.Sleep}
	if env.Sleep == nil {
		l.store.Sleep = attempt.Sleep
	}
	if l.memory, err = opts.openCache(env); err != nil {
		return nil, err
	}
	return l, nil
}

// forge returns the forge, opening it if needed.
func (l *lifecycle) forge() (*host, error) {
	if l.host == nil {
		opened, err := openHost(l.env, l.opts.remote, l.config)
		if err != nil {
			return nil, err
		}
		l.host = opened
	}
	return l.host, nil
}

// retire is the flow that keeps what is replaced.
func (l *lifecycle) retire(dryRun bool) retire.Flow {
	return retire.Flow{
		Registry: l.registry, Ledgers: l.store, Now: l.env.Now(), DryRun: dryRun,
		MayAsk: func(host string) bool {
			_, configured := l.config.Registries[host]
			return configured || l.publishes(host)
		},
	}
}

// publishes reports whether an image of the configuration is in that registry.
func (l *lifecycle) publishes(host string) bool {
	return slices.ContainsFunc(l.config.Images, func(p config.Published) bool { return p.Image.Registry == host })
}

// close ends connections, saves what was learned and tells how often whom was
// asked.
func (l *lifecycle) close() {
	l.opts.keep(l.env, l.memory)
	line := requests(l.registry.Requests())
	if l.host != nil {
		line += "; " + l.host.requests()
		l.host.CloseIdle()
	}
	fmt.Fprintln(l.env.Stderr, line)
	l.registry.Close()
}

// published returns what the configuration says about a published image, or
// the defaults.
func (l *lifecycle) published(ref image.Reference) config.Published {
	for _, p := range l.config.Images {
		if p.Image == ref {
			return p
		}
	}
	return config.Published{Image: ref, Retire: config.DefaultRetire}
}

// writing is the access of a command that writes, unless it only says what it
// would do.
func writing(dryRun bool) registry.Access {
	if dryRun {
		return registry.Pull
	}
	return registry.Push
}

// naming is how versions that a published tag leaves are named: as the flag
// says, or else the configuration.
func (l *lifecycle) naming(ref image.Reference, as string) (t ledger.Template, moves bool, err error) {
	p := l.published(ref)
	t, err = template("--as", cmp.Or(as, p.Retire))
	return t, p.Moves && as == "", err
}

// template reads a template of tags; what says where it stands.
func template(what, text string) (ledger.Template, error) {
	t, err := ledger.ParseTemplate(text)
	if err != nil {
		return t, usage(fmt.Errorf("%s: %w", what, err))
	}
	return t, nil
}

// parseTagged reads NAME[:TAG]; the tag is latest where there is none.
func parseTagged(text string) (image.Reference, error) {
	ref, err := image.ParseReference(text)
	if err != nil {
		return ref, usage(err)
	}
	if ref.Digest != "" {
		return ref, usage(fmt.Errorf("%s: name the tag, without a digest", text))
	}
	return ref.Tagged(cmp.Or(ref.Tag, image.LatestTag)), nil
}

// parseRepository reads the NAME of a repository in a registry.
func parseRepository(text string) (image.Reference, error) {
	ref, err := image.ParseReference(text)
	if err != nil {
		return ref, usage(err)
	}
	if ref.Tag != "" || ref.Digest != "" {
		return ref, usage(fmt.Errorf("%s: name the repository, without a tag or digest", text))
	}
	return ref, nil
}

// because is what a record says that nobody gave a reason for: what CI says of
// its run.
func because(env Env) string {
	if run := env.Getenv("GITHUB_RUN_ID"); run != "" {
		return env.Getenv("GITHUB_REPOSITORY") + " run " + run
	}
	if pipeline := env.Getenv("CI_PIPELINE_ID"); pipeline != "" {
		return env.Getenv("CI_PROJECT_PATH") + " pipeline " + pipeline
	}
	return ""
}

// lifecycleStatus is the exit status that an error of a registry calls for.
func lifecycleStatus(err error) error {
	if errors.Is(err, image.ErrRefused) || errors.Is(err, ledger.ErrDamaged) || errors.Is(err, ledger.ErrLater) {
		return &statusError{exitRefused, err}
	}
	return err
}

// addLifecycle adds the flags that all commands about published images have.
func (o *lifecycleOptions) addLifecycle(cmd *cobra.Command) {
	o.addConfig(cmd)
	o.addCache(cmd)
	cmd.Flags().IntVar(&o.concurrency, "concurrency", 0, "requests in flight for each registry host (default 8)")
}
