package cli

import (
	"errors"
	"slices"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/retention"
)

func references(targets []prune.Target) []image.Reference {
	all := make([]image.Reference, len(targets))
	for i, t := range targets {
		all[i] = t.Image
	}
	return all
}

// targets are the repositories in registries that a run is about, each once.
func (l *lifecycle) targets(names []string, policy retentionOptions) ([]prune.Target, error) {
	images := l.config.Images
	if len(names) > 0 {
		images = nil
	}
	for _, name := range names {
		ref, err := parseRepository(name)
		if err != nil {
			return nil, err
		}
		known := slices.DeleteFunc(slices.Clone(l.config.Images), func(p config.Published) bool { return p.Image.Name() != ref.Name() })
		if len(known) == 0 {
			known = []config.Published{l.published(ref.Tagged(image.LatestTag))}
		}
		images = append(images, known...)
	}
	if len(images) == 0 {
		return nil, usage(errors.New("no images to prune: name one, or list them under images in the configuration"))
	}
	var targets []prune.Target
	for _, p := range images {
		named, err := versions(p)
		if err != nil {
			return nil, err
		}
		r, err := policy.over(l.config.Retention(p))
		if err != nil {
			return nil, err
		}
		one := target(p, named, r)
		i := slices.IndexFunc(targets, func(other prune.Target) bool { return other.Image.Name() == p.Image.Name() })
		if i < 0 {
			targets = append(targets, one)
			continue
		}
		targets[i] = both(targets[i], one)
	}
	return targets, nil
}

// versions are the templates of a published image's version tags: what a fixed
// one leaves when it moves is numbered by the default.
func versions(p config.Published) ([]ledger.Template, error) {
	where := "images: " + p.Image.Familiar() + ": retire"
	t, err := template(where, p.Retire)
	if err != nil || !t.Fixed() || !p.Moves {
		return []ledger.Template{t}, err
	}
	numbers, err := template(where, ledger.DefaultTemplate)
	return []ledger.Template{t, numbers}, err
}

// target is one published image as its repository is pruned.
func target(p config.Published, named []ledger.Template, r config.Retention) prune.Target {
	texts := make([]string, len(named))
	for i, t := range named {
		texts[i] = t.String()
	}
	return prune.Target{
		Image: p.Image.Tagged(""), Templates: texts, Undo: r.Undo,
		Policy: retention.Policy{
			KeepFor: r.KeepFor, KeepLast: r.KeepLast, Published: []string{p.Image.Tag},
			Untagged: r.Untagged, MinimumAge: r.MinimumAge, MaxShare: float64(r.MaxDeleted) / 100,
			Expires: func(tag string) bool {
				return r.MayExpire(tag) || slices.ContainsFunc(named, func(t ledger.Template) bool { return t.Marks(tag) })
			},
			Protected: r.Protected,
		},
	}
}

// both joins what two published tags of one repository ask for: the more
// careful counts.
func both(a, b prune.Target) prune.Target {
	longer := func(a, b *retention.Policy) {
		a.KeepFor, a.KeepLast = max(a.KeepFor, b.KeepFor), max(a.KeepLast, b.KeepLast)
		a.MinimumAge, a.MaxShare = max(a.MinimumAge, b.MinimumAge), min(a.MaxShare, b.MaxShare)
		if a.Untagged == 0 || b.Untagged == 0 {
			a.Untagged = 0
		} else {
			a.Untagged = max(a.Untagged, b.Untagged)
		}
	}
	longer(&a.Policy, &b.Policy)
	a.Undo = max(a.Undo, b.Undo)
	for _, t := range b.Templates {
		if !slices.Contains(a.Templates, t) {
			a.Templates = append(a.Templates, t)
		}
	}
	a.Policy.Published = append(a.Policy.Published, b.Policy.Published...)
	expires, protected := a.Policy.Expires, a.Policy.Protected
	a.Policy.Expires = func(tag string) bool { return expires(tag) || b.Policy.Expires(tag) }
	a.Policy.Protected = func(tag string) bool { return protected(tag) || b.Policy.Protected(tag) }
	return a
}
