package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/local"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// rootOptions are the flags that say where images may still be used.
type rootOptions struct {
	folders  []string
	inUse    []string
	selfOnly bool
	unknown  bool
}

func (o *rootOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.folders, "uses", nil, "what the repositories in `DIR` name is in use")
	f.StringArrayVar(&o.inUse, "in-use", nil, "the references and digests in `FILE`, one in each line, are in use")
	f.BoolVar(&o.unknown, "ignore-unknown", false, "references that a build argument without a default completes name none of the images")
	f.BoolVar(&o.selfOnly, "self-only", false, "nothing but the repository in this folder uses the images")
}

// incompleteError says that it is not known what is in use.
type incompleteError struct{ missing []string }

func (e *incompleteError) Error() string {
	const most = 10
	shown := e.missing
	if len(shown) > most {
		shown = append(slices.Clone(shown[:most]), fmt.Sprintf("and %d more", len(shown)-most))
	}
	return "not all that may use the images could be read, so that nothing is deleted:\n  " + strings.Join(shown, "\n  ")
}

var errNoRoots = errors.New("it is not known what uses the images, so that nothing is deleted: say it with roots in the configuration, or with --organization, --repository, --uses or --self-only")

// roots gathers what is in use. The error is an [*incompleteError], with the
// status of a refusal, where some of it could not be read.
func (l *lifecycle) roots(ctx context.Context) (uses, error) {
	o, c := l.opts.roots, l.config
	switch {
	case slices.Contains(o.folders, ""):
		return uses{}, usage(errors.New("--uses: it is empty"))
	case slices.Contains(o.inUse, ""):
		return uses{}, usage(errors.New("--in-use: it is empty"))
	case !l.opts.remote.named() && !c.Roots.Declared() && !o.selfOnly && len(o.folders) == 0:
		return uses{}, &statusError{exitRefused, errNoRoots}
	}
	found, missing := newUses(), []string(nil)
	for _, read := range []func(context.Context, uses) ([]string, error){l.localRoots, l.remoteRoots} {
		more, err := read(ctx, found)
		if err != nil {
			return uses{}, err
		}
		missing = append(missing, more...)
	}
	for _, file := range o.inUse {
		if err := inUse(file, found); err != nil {
			missing = append(missing, err.Error())
		}
	}
	if len(missing) > 0 {
		return uses{}, &statusError{exitRefused, &incompleteError{missing}}
	}
	return found, nil
}

// folders are those that are read: what the flags name, and the repository that
// the run is about where it alone counts.
func (l *lifecycle) folders() []string {
	if l.opts.roots.selfOnly || l.config.Roots.SelfOnly {
		return slices.Concat(l.opts.roots.folders, []string{l.self})
	}
	return l.opts.roots.folders
}

// localRoots reads folders and returns what could not be read of them. A folder
// in which there is no file to read may be one that nothing was checked out to.
func (l *lifecycle) localRoots(ctx context.Context, into uses) (missing []string, err error) {
	folders := l.folders()
	if len(folders) == 0 {
		return nil, nil
	}
	repositories, err := local.Discover(ctx, folders)
	if err != nil {
		return unread(ctx, err)
	}
	empty, err := realFolders(folders)
	if err != nil {
		return unread(ctx, err)
	}
	for _, r := range repositories {
		files := tree{r, local.WalkOptions{
			Match:        func(path string) bool { return scan.IsDockerfile(path) || l.config.Included(path) },
			Exclude:      l.config.Excluded,
			ExcludesFile: gitExcludes(l.env),
		}}
		err := files.Files(ctx, func(f forge.File) error {
			place := filepath.Join(r.Dir, filepath.FromSlash(f.Path))
			empty = slices.DeleteFunc(empty, func(folder string) bool { return within(folder, place) })
			occurrences, problems := bump.Read(r.Name, f)
			missing = append(missing, into.add(occurrences, l.ignoresUnknown())...)
			missing = append(missing, problemTexts(problems)...)
			return nil
		})
		if err != nil {
			more, err := unread(ctx, fmt.Errorf("read %s: %w", filepath.ToSlash(r.Dir), err))
			return append(missing, more...), err
		}
	}
	for _, folder := range empty {
		missing = append(missing, filepath.ToSlash(folder)+": there is no file in it that can name images: check the repository out first, or name the right folder")
	}
	return missing, nil
}

// unread is what is missing where reading it failed altogether, unless the run
// was ended.
func unread(ctx context.Context, err error) (missing []string, ended error) {
	if ctx.Err() != nil {
		return nil, err
	}
	return []string{err.Error()}, nil
}

// realFolders returns where folders really are.
func realFolders(folders []string) ([]string, error) {
	all := make([]string, len(folders))
	for i, folder := range folders {
		abs, err := filepath.Abs(folder)
		if err != nil {
			return nil, err
		}
		if all[i], err = filepath.EvalSymlinks(abs); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// within reports whether a file is in a folder or below it.
func within(folder, file string) bool {
	path, err := filepath.Rel(folder, file)
	return err == nil && filepath.IsLocal(path)
}

// remoteRoots reads repositories on a forge and returns what could not be read
// of them.
func (l *lifecycle) remoteRoots(ctx context.Context, into uses) (missing []string, err error) {
	if !l.opts.remote.named() && !l.config.Roots.Remote() {
		return nil, nil
	}
	client, err := l.forge()
	if err != nil {
		return nil, err
	}
	scope, err := l.rootScope(client.flavor)
	if err != nil {
		return nil, err
	}
	scope.BranchPrefix, scope.Shared = forge.BranchPrefix, true
	survey, err := bump.Remote{
		Forge: client.hosting, Flavor: client.flavor, Heads: l.memory, Config: l.config, Given: true, Scope: scope, Flow: bump.Flow{Now: l.env.Now()},
	}.Survey(ctx)
	if err != nil {
		return unread(ctx, err)
	}
	missing = into.add(survey.Occurrences, l.ignoresUnknown())
	for _, s := range survey.Missing {
		missing = append(missing, s.Repository+": "+s.Reason)
	}
	missing = append(missing, problemTexts(survey.Problems)...)
	if survey.Repositories == 0 && len(missing) == 0 {
		missing = append(missing, client.flavor.String()+" shows no repository with a commit where the images may be used: the token may not see them")
	}
	return missing, nil
}

// rootScope is where repositories on a forge are read: what flags name, or else
// the configuration.
func (l *lifecycle) rootScope(flavor forge.Flavor) (forge.Scope, error) {
	if l.opts.remote.named() {
		return l.opts.remote.scope(config.Config{}, flavor)
	}
	return l.config.Roots.Scope(), nil
}

// ignoresUnknown reports whether a reference that cannot be known from its file
// is taken for another image's.
func (l *lifecycle) ignoresUnknown() bool {
	return l.opts.roots.unknown || l.config.Roots.IgnoreUnknown
}

func problemTexts(problems []scan.Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, render.Place(p.Repository, p.Path, p.Line)+": "+p.Message)
	}
	return all
}
