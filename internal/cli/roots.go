package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/local"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/retention"
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

// uses is what is known to be in use, by the image's name. Digests are there
// once more by the last part of the name alone, since a copy or a mirror of the
// image has it under another name; those without any name are under "".
type uses map[string][]retention.Use

// of returns what is in use of an image's repository.
func (u uses) of(ref image.Reference) []retention.Use {
	return slices.Concat(u[ref.Name()], u[path.Base(ref.Repository)], u[""])
}

// roots gathers what is in use. The error is an [*incompleteError] where some
// of it could not be read.
func (l *lifecycle) roots(ctx context.Context) (uses, error) {
	o, c := l.opts.roots, l.config
	if !l.opts.remote.named() && !c.Roots.Declared() && !o.selfOnly && len(o.folders) == 0 {
		return nil, &statusError{exitRefused, errNoRoots}
	}
	if slices.Contains(o.folders, "") {
		return nil, usage(errors.New("--uses: it is empty"))
	}
	found, missing := uses{}, []string(nil)
	folders := o.folders
	if o.selfOnly || c.Roots.SelfOnly {
		folders = append(folders, l.self)
	}
	if len(folders) > 0 {
		more, err := l.localRoots(ctx, folders, found)
		if err != nil {
			return nil, err
		}
		missing = append(missing, more...)
	}
	if l.opts.remote.named() || c.Roots.Remote() {
		more, err := l.remoteRoots(ctx, found)
		if err != nil {
			return nil, err
		}
		missing = append(missing, more...)
	}
	for _, file := range o.inUse {
		if err := inUse(file, found); err != nil {
			return nil, usage(err)
		}
	}
	if len(missing) > 0 {
		return nil, &statusError{exitRefused, &incompleteError{missing}}
	}
	return found, nil
}

// localRoots reads folders and returns what could not be read of them.
func (l *lifecycle) localRoots(ctx context.Context, folders []string, into uses) (missing []string, err error) {
	repositories, err := local.Discover(ctx, folders)
	if err != nil {
		return nil, usage(err)
	}
	if len(repositories) == 0 {
		return nil, usage(fmt.Errorf("--uses %s: there is no repository in it", strings.Join(folders, ",")))
	}
	for _, r := range repositories {
		files := tree{r, local.WalkOptions{
			Match:        func(path string) bool { return scan.IsDockerfile(path) || l.config.Included(path) },
			Exclude:      l.config.Excluded,
			ExcludesFile: gitExcludes(l.env),
		}}
		err := files.Files(ctx, func(f forge.File) error {
			occurrences, problems := bump.Read(r.Name, f)
			missing = append(missing, into.add(occurrences, l.ignoresUnknown())...)
			missing = append(missing, problemTexts(problems)...)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", filepath.ToSlash(r.Dir), err)
		}
	}
	return missing, nil
}

// remoteRoots reads repositories on a forge and returns what could not be read
// of them.
func (l *lifecycle) remoteRoots(ctx context.Context, into uses) (missing []string, err error) {
	client, err := l.forge()
	if err != nil {
		return nil, err
	}
	scope := l.config.Roots.Scope()
	if l.opts.remote.named() {
		if scope, err = l.opts.remote.scope(config.Config{}, client.flavor); err != nil {
			return nil, err
		}
	}
	scope.BranchPrefix, scope.Shared = forge.BranchPrefix, true
	survey, err := bump.Remote{
		Forge: client.hosting, Flavor: client.flavor, Heads: l.memory, Config: l.config, Given: true, Scope: scope, Flow: bump.Flow{Now: l.env.Now()},
	}.Survey(ctx)
	if err != nil {
		return nil, err
	}
	missing = into.add(survey.Occurrences, l.ignoresUnknown())
	for _, s := range survey.Missing {
		missing = append(missing, s.Repository+": "+s.Reason)
	}
	return append(missing, problemTexts(survey.Problems)...), nil
}

// ignoresUnknown reports whether a reference that cannot be known from its file
// is taken for another image's.
func (l *lifecycle) ignoresUnknown() bool {
	return l.opts.roots.unknown || l.config.Roots.IgnoreUnknown
}

// add takes in what files name, and returns the places that do not say which
// image they mean.
func (u uses) add(all []scan.Occurrence, ignoreUnknown bool) (missing []string) {
	for _, o := range all {
		ref, by := o.Use.Ref, render.Place(o.Repository, o.Path, o.Use.Line)
		if o.Branch != "" {
			by += " (" + o.Branch + ")"
		}
		if ref.IsZero() {
			if !ignoreUnknown {
				missing = append(missing, by+": a build argument completes the reference, so that it may be any image; give the argument a default, exclude the file, or say --ignore-unknown")
			}
			continue
		}
		u.use(ref, by)
	}
	return missing
}

// use takes in one reference.
func (u uses) use(ref image.Reference, by string) {
	use := retention.Use{Tag: ref.Tag, Digest: ref.Digest, By: by}
	if use.Tag == "" && use.Digest == "" {
		use.Tag = image.LatestTag
	}
	u[ref.Name()] = append(u[ref.Name()], use)
	if use.Digest != "" {
		copies := path.Base(ref.Repository)
		u[copies] = append(u[copies], retention.Use{Digest: ref.Digest, By: by})
	}
}

func problemTexts(problems []scan.Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, render.Place(p.Repository, p.Path, p.Line)+": "+p.Message)
	}
	return all
}

// maxInUse bounds a list of what is in use, in bytes.
const maxInUse = 64 << 20

// inUse reads a list of references and digests, one in each line; what follows
// # is a remark.
func inUse(file string, into uses) error {
	content, err := readLimited(file, maxInUse)
	if err != nil {
		return fmt.Errorf("--in-use: %w", err)
	}
	return parseInUse(file, content, into)
}

func parseInUse(file string, content []byte, into uses) error {
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, maxInUse)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		by := fmt.Sprintf("%s:%d", filepath.Base(file), n)
		if digest, err := image.ParseDigest(text); err == nil {
			into[""] = append(into[""], retention.Use{Digest: digest, By: by})
			continue
		}
		ref, err := image.ParseReference(strings.TrimPrefix(text, "docker-pullable://")) // as Kubernetes writes them
		if err != nil {
			return fmt.Errorf("%s:%d: want a digest or NAME[:TAG][@DIGEST], found %.200q", file, n, text)
		}
		into.use(ref, by)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}
