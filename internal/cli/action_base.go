package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	"github.com/basekeeper/basekeeper/internal/forge/local"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// base is what holds for files of others: the base branch's own say.
type base struct {
	config config.Config
	hosts  map[string]bool // registries that its files or its configuration name
}

// commitReader reads the files of a commit; *github.Client satisfies it.
type commitReader interface {
	Tree(ctx context.Context, at forge.Commitish) ([]forge.Entry, error)
	Files(ctx context.Context, wanted []forge.Wanted) ([]forge.File, error)
}

// readBase reads the base branch of the pull request, as it was when the event
// happened. GitHub alone is shown the token.
func (s *step) readBase(ctx context.Context) (base, error) {
	client, at, err := s.baseReader()
	if err != nil {
		return base{}, err
	}
	return baseOf(ctx, client, at, s.in.Config)
}

// readBaseConfig reads the configuration alone.
func (s *step) readBaseConfig(ctx context.Context) (config.Config, error) {
	client, at, err := s.baseReader()
	if err != nil {
		return config.Config{}, err
	}
	entries, err := regularFiles(ctx, client, at)
	if err != nil {
		return config.Config{}, err
	}
	return baseConfig(ctx, client, at, entries, s.in.Config)
}

// baseReader returns who reads the base branch, and the commit to read.
func (s *step) baseReader() (commitReader, forge.Commitish, error) {
	at := forge.Commitish{Repository: forge.Repository{Name: s.event.Pull.Repository}, Commit: s.event.Pull.BaseID}
	if s.in.Token == "" {
		return nil, at, usage(errors.New("the input token is empty"))
	}
	const patience = 5 * time.Minute
	client, err := github.New(github.Options{
		BaseURL: s.in.APIURL, Token: s.in.Token, UserAgent: "basekeeper/" + version(),
		Now: s.env.Now, Sleep: s.env.Sleep, Deadline: s.env.Now().Add(patience),
	})
	if err != nil {
		return nil, at, usage(err)
	}
	return client, at, nil
}

func regularFiles(ctx context.Context, from commitReader, at forge.Commitish) ([]forge.Entry, error) {
	entries, err := from.Tree(ctx, at)
	return slices.DeleteFunc(entries, func(e forge.Entry) bool { return !strings.HasPrefix(e.Mode, "100") }), err
}

// baseOf reads what a commit says. The configuration is at file, or where
// configurations are looked for.
func baseOf(ctx context.Context, from commitReader, at forge.Commitish, file string) (base, error) {
	entries, err := regularFiles(ctx, from, at)
	if err != nil {
		return base{}, err
	}
	b := base{hosts: map[string]bool{}}
	if b.config, err = baseConfig(ctx, from, at, entries, file); err != nil {
		return base{}, err
	}
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

// baseConfig reads the configuration; the zero one where there is none and
// none is named.
func baseConfig(ctx context.Context, from commitReader, at forge.Commitish, entries []forge.Entry, file string) (config.Config, error) {
	names := config.Names
	if file != "" {
		names = []string{file}
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
	if file != "" {
		return config.Config{}, usage(fmt.Errorf("input config: the base branch has no file %q", file))
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
