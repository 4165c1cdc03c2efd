package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
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
// wanted, or else all bumps of the repositories in scope since they were followed
// up last, and at least of the time since. It then records what is published. The
// error joins what went wrong beside the rows.
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
		since = l.sinceLast(repositories, since)
	}
	merges, err := client.MergedPulls(ctx, repositories, prefix, l.env.Now().Add(-since))
	errs = append(errs, err)
	var rows []render.Retired
	for i, r := range repositories {
		if i >= len(merges) {
			break
		}
		some, failed := l.onMerges(ctx, r, chosen(r.Name, merges[i], wanted), dryRun)
		rows, errs = append(rows, some...), append(errs, failed)
		if err == nil && failed == nil && len(wanted) == 0 && !dryRun {
			l.memory.PutFollowed(l.followed(r))
		}
	}
	errs = append(errs, missing(l.flavor, wanted, repositories, merges)...)
	if len(wanted) > 0 {
		l.recordToo(ctx, dryRun)
	} else {
		errs = append(errs, l.record(ctx, dryRun))
	}
	return rows, errors.Join(errs...)
}

// mergesUntil bounds how far back a run looks whose last one is long ago.
const mergesUntil = 90 * 24 * time.Hour

// sinceLast is how far back to look for merges: the time since, or longer where
// the repositories were followed up longer ago, as far as is remembered.
func (l *lifecycle) sinceLast(repositories []forge.Repository, since time.Duration) time.Duration {
	for _, r := range repositories {
		if at, ok := l.memory.Followed(l.followed(r)); ok {
			since = max(since, min(l.env.Now().Sub(at), mergesUntil))
		}
	}
	return since
}

// followed is what a repository is remembered as.
func (l *lifecycle) followed(r forge.Repository) string { return l.server() + "/" + r.Name }

// onMerges retires what the merges in a repository replace.
func (l *lifecycle) onMerges(ctx context.Context, r forge.Repository, merges []forge.Merge, dryRun bool) ([]render.Retired, error) {
	var rows []render.Retired
	var errs []error
	for _, m := range merges {
		some, err := l.onMerge(ctx, r, m, dryRun)
		rows, errs = append(rows, some...), append(errs, err)
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
	defer l.recordToo(ctx, dryRun)
	merges = slices.DeleteFunc(merges, func(m forge.Merge) bool { return !strings.HasPrefix(m.Head, forge.BranchPrefix) })
	if len(merges) == 0 {
		fmt.Fprintf(l.env.Stderr, "basekeeper: no merged bump brought %s to %s: there is nothing to do\n", render.Clean(commit), render.Clean(project))
		return nil, nil
	}
	if repository.DefaultBranch, err = l.defaultBranch(ctx, project); err != nil {
		return nil, err
	}
	return l.onMerges(ctx, repository, merges, dryRun)
}

// defaultBranch is a project's, as its pipeline or else the forge says.
func (l *lifecycle) defaultBranch(ctx context.Context, project string) (string, error) {
	if branch := l.env.Getenv("CI_DEFAULT_BRANCH"); branch != "" && l.env.Getenv("CI_PROJECT_PATH") == project {
		return branch, nil
	}
	found, skipped, err := l.host.Repositories(ctx, forge.Scope{Names: []string{project}})
	switch {
	case err != nil:
		return "", err
	case len(skipped) > 0:
		return "", fmt.Errorf("%s: %w", skipped[0].Name, skipped[0].Err)
	case len(found) == 0:
		return "", nil
	}
	return found[0].DefaultBranch, nil
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

// onMerge retires what one merge replaces. What is published is built from the
// default branch: a merge into another replaces nothing.
func (l *lifecycle) onMerge(ctx context.Context, r forge.Repository, m forge.Merge, dryRun bool) ([]render.Retired, error) {
	by := r.Name + l.flavor.Number(m.Number)
	if m.Base != r.DefaultBranch && m.Base != "" && r.DefaultBranch != "" {
		fmt.Fprintf(l.env.Stderr, "basekeeper: %s went into %s, which is not the default branch %s: it replaces no published image\n",
			render.Clean(by), render.Clean(m.Base), render.Clean(r.DefaultBranch))
		return nil, nil
	}
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
