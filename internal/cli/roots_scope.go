package cli

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/prune"
)

// errConfigured says that apply would read less than the plan's maker did.
var errConfigured = errors.New("a configuration said which files and branches of the roots count when the plan was made, and there is none here, so that nothing is deleted: name it with --config")

// scope is where roots looked for what is in use.
func (l *lifecycle) scope() (prune.Scope, error) {
	s := prune.Scope{IgnoreUnknown: l.ignoresUnknown(), Configured: l.given}
	var err error
	if s.Folders, err = absolute(l.folders()); err != nil {
		return s, err
	}
	if s.InUse, err = absolute(l.opts.roots.inUse); err != nil {
		return s, err
	}
	if !l.opts.remote.named() && !l.config.Roots.Remote() {
		return s, nil
	}
	client, err := l.forge()
	if err != nil {
		return s, err
	}
	on, err := l.rootScope(client.flavor)
	s.Forge = config.ForgeGitHub
	if client.flavor == forge.GitLab {
		s.Forge = config.ForgeGitLab
	}
	s.Organizations, s.Users, s.Repositories, s.Installation = on.Organizations, on.Users, on.Names, on.Installation
	return s, err
}

func absolute(paths []string) ([]string, error) {
	var all []string
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		all = append(all, abs)
	}
	return all, nil
}

// rooted are the same options with the roots of a plan.
func (o options) rooted(s prune.Scope) lifecycleOptions {
	if s.Forge != "" {
		flavor := forge.GitHub
		if s.Forge == config.ForgeGitLab {
			flavor = forge.GitLab
		}
		o.remote = o.remote.onForge(flavor)
	}
	o.remote.organizations, o.remote.users, o.remote.repositories, o.remote.installation = s.Organizations, s.Users, s.Repositories, s.Installation
	return lifecycleOptions{options: o, roots: rootOptions{folders: s.Folders, inUse: s.InUse, unknown: s.IgnoreUnknown}}
}

// usedNow adds to a plan what is in use by now of its images, in its order, so
// that it is kept though the plan would delete it.
func (l *lifecycle) usedNow(ctx context.Context, p *prune.Plan, images []image.Reference) error {
	if p.Scope.Configured && !l.given {
		return &statusError{exitRefused, errConfigured}
	}
	used, err := l.roots(ctx)
	if err != nil {
		return err
	}
	for i, ref := range images {
		p.Repositories[i].Uses = slices.Concat(p.Repositories[i].Uses, used.of(ref))
	}
	return nil
}
