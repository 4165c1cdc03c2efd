package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/local"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// maxConfig bounds a configuration file, in bytes; the parser has the same.
const maxConfig = 1 << 20

// workspace is the local repositories of a run, with its configuration.
type workspace struct {
	config       config.Config
	repositories []local.Repository
	configs      []config.Config // by repository
	problems     []scan.Problem  // repositories that are left out
	everyDigest  bool
	excludesFile string
}

// open finds the repositories and reads the configurations. The run's own is
// --config, or that of the folder that the run is about; a repository below it
// narrows that one. Where the run has none, a repository's own counts, but
// never its registries: what is cloned from elsewhere must not say where
// credentials go.
func open(ctx context.Context, env Env, opts options) (*workspace, error) {
	w := &workspace{everyDigest: opts.everyDigest, excludesFile: gitExcludes(env)}
	found, err := local.Discover(ctx, opts.places())
	if err != nil {
		return nil, usage(err)
	}
	root, err := rootOf(opts, found)
	if err != nil {
		return nil, err
	}
	given, err := w.runConfig(opts, root)
	if err != nil {
		return nil, usage(err)
	}
	for _, r := range found {
		own := w.config
		if r.Dir != root.Dir {
			if own, err = ownConfig(r); err != nil {
				w.problems = append(w.problems, problemOf(r, err))
				continue
			}
			own.Registries = nil
			if given {
				own = w.config.Narrow(own)
			}
		}
		w.repositories = append(w.repositories, r)
		w.configs = append(w.configs, own)
	}
	return w, nil
}

// rootOf returns the folder that the run is about: the repository, where there
// is only one; the folder of repositories that was given; this folder, where
// several were.
func rootOf(opts options, found []local.Repository) (local.Repository, error) {
	elsewhere := func(r local.Repository) bool { return r.Dir != found[0].Dir }
	if len(found) > 0 && !slices.ContainsFunc(found, elsewhere) {
		return found[0], nil
	}
	place := "."
	if places := opts.places(); len(places) == 1 {
		place = places[0]
	}
	dir, err := filepath.Abs(place)
	if err != nil {
		return local.Repository{}, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // as Discover does
		return local.Repository{}, err
	}
	return local.Repository{Name: ".", Dir: dir}, nil
}

// runConfig reads the configuration of the run and reports whether there is one.
func (w *workspace) runConfig(opts options, root local.Repository) (given bool, err error) {
	if opts.config != "" {
		content, err := readLimited(opts.config, maxConfig)
		if err != nil {
			return false, fmt.Errorf("read configuration: %w", err)
		}
		w.config, err = config.Parse(opts.config, content)
		return true, err
	}
	name, content, err := findConfig(root)
	if err != nil {
		return false, err
	}
	w.config, err = config.Parse(seen(opts, root, name), content)
	return content != nil, err
}

// seen names a file of the run's own folder as it is seen from here.
func seen(opts options, root local.Repository, name string) string {
	switch {
	case root.Name != ".":
		return path.Join(root.Name, name)
	case root.Scope == "" && len(opts.places()) == 1:
		return path.Join(filepath.ToSlash(opts.places()[0]), name)
	}
	return name
}

// findConfig reads a repository's configuration file; nil where it has none.
func findConfig(r local.Repository) (name string, content []byte, err error) {
	for _, name := range config.Names {
		content, err := r.Read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return name, nil, err
		}
		return name, content, nil
	}
	return "", nil, nil
}

func ownConfig(r local.Repository) (config.Config, error) {
	name, content, err := findConfig(r)
	if err != nil {
		return config.Config{}, err
	}
	if r.Name != "." {
		name = r.Name + "/" + name
	}
	return config.Parse(name, content)
}

func problemOf(r local.Repository, err error) scan.Problem {
	p := scan.Problem{Repository: r.Name, Path: config.Names[0], Message: err.Error()}
	if mistake := (*config.Error)(nil); errors.As(err, &mistake) {
		p.Path, p.Line, p.Message = strings.TrimPrefix(mistake.File, r.Name+"/"), mistake.Line, mistake.Message
	}
	return p
}

// gitExcludes is where git looks for the user's own ignore rules.
func gitExcludes(env Env) string {
	base := env.Getenv("XDG_CONFIG_HOME")
	if base == "" && env.Getenv("HOME") != "" {
		base = filepath.Join(env.Getenv("HOME"), ".config")
	}
	if base == "" {
		return ""
	}
	return filepath.Join(base, "git", "ignore")
}

// flow returns the repositories as the bump flow wants them.
func (w *workspace) flow() []bump.Repository {
	all := make([]bump.Repository, len(w.repositories))
	for i, r := range w.repositories {
		all[i] = bump.Repository{Name: r.Name, Tree: w.tree(i), Policy: w.policy(w.configs[i])}
	}
	return all
}

func (w *workspace) policy(c config.Config) func(image.Reference) config.Policy {
	return func(ref image.Reference) config.Policy {
		p := c.Policy(ref)
		p.EveryDigest = p.EveryDigest || w.everyDigest
		return p
	}
}

func (w *workspace) tree(i int) tree {
	c := w.configs[i]
	return tree{w.repositories[i], local.WalkOptions{
		Match:        func(path string) bool { return scan.IsDockerfile(path) || c.Included(path) },
		Exclude:      c.Excluded,
		ExcludesFile: w.excludesFile,
	}}
}

// tree is a local repository with the choice of its files made.
type tree struct {
	local.Repository
	walk local.WalkOptions
}

// Files implements the flow's interface.
func (t tree) Files(ctx context.Context, fn func(forge.File) error) error {
	return t.Repository.Files(ctx, t.walk, fn)
}
