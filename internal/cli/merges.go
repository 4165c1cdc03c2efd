package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/retire"
)

// wantedPull is a pull request that is named.
type wantedPull struct {
	repository string
	number     int
}

func parsePulls(names []string) ([]wantedPull, error) {
	var all []wantedPull
	for _, name := range names {
		at := strings.LastIndexAny(name, "#!")
		number, err := strconv.Atoi(name[at+1:])
		if at < 0 || err != nil || number < 1 || strings.Count(name[:at], "/") < 1 {
			return nil, usage(fmt.Errorf("%s: want OWNER/NAME#NUMBER, or GROUP/PROJECT!NUMBER on GitLab", name))
		}
		repository := name[:at]
		all = append(all, wantedPull{repository, number})
	}
	return all, nil
}

// followUp retires what merges replace: those of the pull requests that are
// wanted, or else all bumps of the repositories in scope. It then records what
// is published. The error joins what went wrong beside the rows.
func (l *lifecycle) followUp(ctx context.Context, scope forge.Scope, wanted []wantedPull, since time.Duration, dryRun bool) ([]render.Retired, error) {
	client, err := l.forge()
	if err != nil {
		return nil, err
	}
	repositories, skipped, err := client.Repositories(ctx, scope)
	if err != nil {
		return nil, err
	}
	if err := l.settle(repositories); err != nil {
		return nil, err
	}
	var errs []error
	for _, s := range skipped {
		errs = append(errs, fmt.Errorf("%s: %w", s.Name, s.Err))
	}
	prefix := forge.BranchPrefix
	if len(wanted) > 0 {
		prefix, since = "", 10*365*24*time.Hour
	} else {
		repositories = slices.DeleteFunc(repositories, func(r forge.Repository) bool {
			ok, _ := l.config.Repositories.Match(r)
			return !ok || !l.builds(r.Name)
		})
	}
	merges, err := client.MergedPulls(ctx, repositories, prefix, l.env.Now().Add(-since))
	errs = append(errs, err)
	var rows []render.Retired
	for i, r := range repositories {
		if i >= len(merges) {
			break
		}
		for _, m := range chosen(r.Name, merges[i], wanted) {
			some, err := l.onMerge(ctx, r, m, dryRun)
			rows = append(rows, some...)
			errs = append(errs, err)
		}
	}
	errs = append(errs, missing(l.flavor, wanted, repositories, merges)...)
	if len(wanted) == 0 {
		errs = append(errs, l.record(ctx, dryRun))
	}
	return rows, errors.Join(errs...)
}

// origins tells which merge requests brought a commit.
type origins interface {
	MergedBy(ctx context.Context, project, commit string) ([]forge.Merge, error)
}

// followCommit retires what the merged bumps replace that brought a commit to a
// project.
func (l *lifecycle) followCommit(ctx context.Context, project, commit string, dryRun bool) ([]render.Retired, error) {
	opened, err := l.forge()
	if err != nil {
		return nil, err
	}
	from, ok := opened.hosting.(origins)
	if !ok {
		return nil, fmt.Errorf("%s does not tell which %ss brought a commit", l.flavor, l.flavor.Noun())
	}
	merges, err := from.MergedBy(ctx, project, commit)
	if err != nil {
		return nil, err
	}
	repository := forge.Repository{Name: project}
	if err := l.settle([]forge.Repository{repository}); err != nil {
		return nil, err
	}
	merges = slices.DeleteFunc(merges, func(m forge.Merge) bool { return !strings.HasPrefix(m.Head, forge.BranchPrefix) })
	if len(merges) == 0 {
		fmt.Fprintf(l.env.Stderr, "basekeeper: no merged bump brought %s to %s: there is nothing to do\n", render.Clean(commit), render.Clean(project))
		return nil, nil
	}
	var rows []render.Retired
	var errs []error
	for _, m := range merges {
		some, err := l.onMerge(ctx, repository, m, dryRun)
		rows, errs = append(rows, some...), append(errs, err)
	}
	return rows, errors.Join(errs...)
}

// settle gives images that name no repository the one that the run is about.
// Where that is several, each merge in any of them would seem to replace such an
// image: the configuration has to say which.
func (l *lifecycle) settle(repositories []forge.Repository) error {
	images := slices.Clone(l.config.Images)
	for i, p := range images {
		switch {
		case p.Repository != "":
		case len(repositories) > 1:
			return usage(fmt.Errorf("images: %s: say by `repository` which of the run's %d repositories builds it", p.Image.Familiar(), len(repositories)))
		case len(repositories) == 1:
			images[i].Repository = repositories[0].Name
		}
	}
	l.config.Images = images
	return nil
}

// builds reports whether the repository can build an image that is known of.
func (l *lifecycle) builds(repository string) bool {
	return len(l.config.Images) == 0 || slices.ContainsFunc(l.config.Images, func(p config.Published) bool {
		return p.BuiltFrom(repository, nil)
	})
}

// chosen returns the merges to follow up, the oldest first.
func chosen(repository string, merges []forge.Merge, wanted []wantedPull) []forge.Merge {
	var all []forge.Merge
	for _, m := range merges {
		if len(wanted) == 0 || slices.ContainsFunc(wanted, func(w wantedPull) bool { return strings.EqualFold(w.repository, repository) && w.number == m.Number }) {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b forge.Merge) int { return a.At.Compare(b.At) })
	return all
}

// missing says which of the pull requests that are named were not found.
func missing(flavor forge.Flavor, wanted []wantedPull, repositories []forge.Repository, merges [][]forge.Merge) []error {
	var errs []error
	for _, w := range wanted {
		found := false
		for i, r := range repositories {
			if i < len(merges) {
				found = found || len(chosen(r.Name, merges[i], []wantedPull{w})) > 0
			}
		}
		if !found {
			errs = append(errs, fmt.Errorf("%s%s: it is not among the repository's last merged %ss", w.repository, flavor.Number(w.number), flavor.Noun()))
		}
	}
	return errs
}

// onMerge retires what one merge replaces.
func (l *lifecycle) onMerge(ctx context.Context, r forge.Repository, m forge.Merge, dryRun bool) ([]render.Retired, error) {
	by := r.Name + l.flavor.Number(m.Number)
	var changed []string
	if slices.ContainsFunc(l.config.Images, func(p config.Published) bool { return p.Dockerfile != "" && p.BuiltFrom(r.Name, nil) }) {
		client, err := l.forge()
		if err != nil {
			return nil, err
		}
		if changed, err = client.ChangedFiles(ctx, r, m.Number); err != nil {
			return nil, fmt.Errorf("%s: %w", by, err)
		}
	}
	images, err := l.builtFrom(ctx, r.Name, changed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", by, err)
	}
	merge := retire.Merge{By: by, At: m.At, Commit: m.Commit}
	for _, p := range images {
		t, err := template("images: "+p.Image.Familiar()+": retire", p.Retire)
		if err != nil {
			return nil, err
		}
		merge.Images = append(merge.Images, retire.Published{Ref: p.Image, Template: t, Moves: p.Moves})
	}
	done, err := l.retire(dryRun).OnMerge(ctx, merge)
	rows := make([]render.Retired, 0, len(done))
	for _, o := range done {
		rows = append(rows, retired(o, dryRun, by))
	}
	return rows, err
}

// builtFrom returns the images that a repository builds: those of the
// configuration, or else the one of its own name that says so itself.
func (l *lifecycle) builtFrom(ctx context.Context, repository string, changed []string) ([]config.Published, error) {
	if len(l.config.Images) > 0 {
		return slices.DeleteFunc(slices.Clone(l.config.Images), func(p config.Published) bool { return !p.BuiltFrom(repository, changed) }), nil
	}
	ref, err := image.ParseReference(l.ownRegistry() + "/" + strings.ToLower(repository))
	if err != nil {
		return nil, nil //nolint:nilerr // a repository without such an image builds none
	}
	ref = ref.Tagged(image.LatestTag)
	d, err := l.registry.Resolve(ctx, ref)
	if errors.Is(err, image.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", ref, err)
	}
	said, err := l.registry.Details(ctx, ref.Pinned(d.Digest))
	if err != nil {
		return nil, fmt.Errorf("read what %s says of itself: %w", ref, err)
	}
	if !strings.EqualFold(strings.TrimSuffix(said.Source, ".git"), l.server()+"/"+repository) {
		return nil, nil
	}
	return []config.Published{l.published(ref)}, nil
}

// ownRegistry is the registry that belongs to the forge.
func (l *lifecycle) ownRegistry() string {
	if l.flavor == forge.GitLab {
		return cmp.Or(l.config.GitLab.Registry, l.env.Getenv("CI_REGISTRY"), "registry.gitlab.com")
	}
	if own := l.config.GitHub.Registry; own != "" {
		return own
	}
	if host, ok := strings.CutPrefix(l.server(), "https://"); ok && host != "github.com" {
		return "containers." + host // GitHub Enterprise Server with subdomain isolation
	}
	return "ghcr.io"
}

// server is the forge's address as its pages have it.
func (l *lifecycle) server() string {
	if l.flavor == forge.GitLab {
		return gitlabURL(l.env, l.opts.remote, l.config)
	}
	return githubHome(l.env, l.config)
}

// record has the ledgers remember what is published now.
func (l *lifecycle) record(ctx context.Context, dryRun bool) error {
	refs := make([]image.Reference, 0, len(l.config.Images))
	for _, p := range l.config.Images {
		refs = append(refs, p.Image)
	}
	flow := l.retire(dryRun)
	flow.Seen = l.memory
	_, err := flow.Record(ctx, refs)
	return err
}
