package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/local"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// base is what holds for files of others: the base branch's own say.
type base struct {
	config config.Config
	hosts  map[string]bool // registries that its files or its configuration name
}

// commitReader reads the files of a commit; the clients of forges satisfy it.
type commitReader interface {
	Tree(ctx context.Context, at forge.Commitish) ([]forge.Entry, error)
	Files(ctx context.Context, wanted []forge.Wanted) ([]forge.File, error)
}

// readBase reads the base branch of the pull request, as it was when the event
// happened.
func (s *step) readBase(ctx context.Context) (base, error) {
	client, at, err := s.job.base(ctx, s)
	if err != nil {
		return base{}, err
	}
	return s.baseOf(ctx, client, at)
}

// readBaseConfig reads the configuration alone.
func (s *step) readBaseConfig(ctx context.Context) (config.Config, error) {
	client, at, err := s.job.base(ctx, s)
	if err != nil {
		return config.Config{}, err
	}
	entries, err := regularFiles(ctx, client, at)
	if err != nil {
		return config.Config{}, err
	}
	return s.baseConfig(ctx, client, at, entries)
}

func regularFiles(ctx context.Context, from commitReader, at forge.Commitish) ([]forge.Entry, error) {
	entries, err := from.Tree(ctx, at)
	return slices.DeleteFunc(entries, func(e forge.Entry) bool { return !strings.HasPrefix(e.Mode, "100") }), err
}

// baseOf reads what a commit says.
func (s *step) baseOf(ctx context.Context, from commitReader, at forge.Commitish) (base, error) {
	entries, err := regularFiles(ctx, from, at)
	if err != nil {
		return base{}, err
	}
	b := base{hosts: map[string]bool{}}
	if b.config, err = s.baseConfig(ctx, from, at, entries); err != nil {
		return base{}, err
	}
	b.config.Registries = withoutLogins(b.config.Registries)
	for host, r := range b.config.Registries {
		mirror, _, _ := strings.Cut(r.Mirror, "/")
		b.hosts[host], b.hosts[mirror] = true, mirror != "" || b.hosts[mirror]
	}
	files, err := from.Files(ctx, wanted(at, entries, func(path string) bool {
		return (scan.IsDockerfile(path) || b.config.Included(path)) && !b.config.Excluded(path)
	}))
	if err != nil {
		return base{}, err
	}
	for _, f := range files {
		occurrences, _ := bump.Read("", f) // a file that cannot be read names nothing
		for _, o := range occurrences {
			b.hosts[o.Use.Ref.Registry] = true
		}
	}
	maps.DeleteFunc(b.hosts, func(host string, _ bool) bool { return host == "" })
	return b, nil
}

// withoutLogins leaves out the credentials, which the environment of a run on
// files of others does not have.
func withoutLogins(all map[string]config.Registry) map[string]config.Registry {
	bare := maps.Clone(all)
	for host, r := range bare {
		r.UserEnv, r.PasswordEnv = "", ""
		bare[host] = r
	}
	return bare
}

// baseConfig reads the configuration: that of the input, or where they are
// looked for; the zero one where there is none and none is named.
func (s *step) baseConfig(ctx context.Context, from commitReader, at forge.Commitish, entries []forge.Entry) (config.Config, error) {
	names := config.Names
	if s.in.Config != "" {
		names = []string{s.in.Config}
	}
	for _, name := range names {
		files, err := from.Files(ctx, wanted(at, entries, func(path string) bool { return path == name }))
		if err != nil {
			return config.Config{}, err
		}
		if len(files) == 0 {
			continue
		}
		if files[0].Err != nil {
			return config.Config{}, files[0].Err
		}
		return config.Parse("the base branch's "+name, files[0].Content)
	}
	if s.in.Config != "" {
		return config.Config{}, usage(fmt.Errorf("%s: the base branch has no file %q", s.job.Call("config"), s.in.Config))
	}
	return config.Config{}, nil
}

func wanted(at forge.Commitish, entries []forge.Entry, want func(path string) bool) []forge.Wanted {
	var all []forge.Wanted
	for _, e := range entries {
		if want(e.Path) {
			all = append(all, forge.Wanted{Repository: at.Repository, Commit: at.Commit, Path: e.Path, Blob: e.Blob, Size: e.Size})
		}
	}
	return all
}

// openUnder finds the repositories to look at; none of their own configurations
// is read.
func openUnder(ctx context.Context, opts options, c config.Config) (*workspace, error) {
	found, err := local.Discover(ctx, opts.places())
	if err != nil {
		return nil, usage(err)
	}
	w := &workspace{config: c}
	for _, r := range found {
		w.repositories = append(w.repositories, r)
		w.configs = append(w.configs, c)
	}
	return w, nil
}
