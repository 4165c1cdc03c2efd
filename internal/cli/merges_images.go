package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
)

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

// recordToo is record for a run that is about single merges: that it may not
// write everywhere does not matter to them.
func (l *lifecycle) recordToo(ctx context.Context, dryRun bool) {
	if err := l.record(ctx, dryRun); err != nil {
		complain(l.env, err)
	}
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
