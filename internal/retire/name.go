package retire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// facts is what was asked for the template so far.
type facts struct {
	ledger.Facts
	listed bool // Tags are known
}

// choose finds a tag that is free, or may become so. again asks for another
// round, since the ledger was written.
func (j *job) choose(ctx context.Context, l ledger.Ledger) (t target, again bool, err error) {
	listed := j.facts.listed
	t.tag, t.number, err = j.name(ctx, l)
	if err != nil {
		return target{}, false, err
	}
	if t.tag == j.ref.Tag {
		return target{}, false, refuse("template %s gives %s, which is the published tag itself; choose another template", j.template, t.tag)
	}
	switch {
	case t.number == 0:
		return j.named(ctx, l, t)
	case listed: // a number is in no list of tags; keep looks at the tag
		return t, false, nil
	}
	// The list may have taken long, and what another run has written into the
	// ledger since would be lost.
	holds, err := j.Ledgers.Holds(ctx, j.ref, l)
	return t, !holds, err
}

// named looks whether a tag without a number in it is free.
func (j *job) named(ctx context.Context, l ledger.Ledger, t target) (target, bool, error) {
	at, err := j.pointsAt(ctx, t.tag)
	switch {
	case err != nil:
		return target{}, false, err
	case at == "" || at == j.digest:
		return t, false, nil
	case !j.template.Fixed() || !j.moves:
		return target{}, false, refuse("tag %s is already %s, not %s, and is not overwritten%s", t.tag, at, j.digest, j.advice())
	}
	t.leaves = at
	if j.moved != nil && j.moved.Digest == at {
		return t, false, nil
	}
	again, err := j.move(ctx, l, t)
	return t, again, err
}

func (j *job) advice() string {
	if j.template.Fixed() {
		return "; let the policy say that it moves, or choose another template"
	}
	return "; choose another template"
}

// name asks the template, with no more facts than it wants: what it lacks, it
// says.
func (j *job) name(ctx context.Context, l ledger.Ledger) (tag string, number int, err error) {
	j.facts.Digest, j.facts.Now = j.digest, j.Now
	tag, number, err = j.template.Name(l, j.facts.Facts)
	if err != nil {
		if err := j.learn(ctx); err != nil {
			return "", 0, err
		}
		if tag, number, err = j.template.Name(l, j.facts.Facts); err != nil {
			return "", 0, refuse("%w; choose another template", err)
		}
	}
	if number == 0 {
		return tag, 0, nil
	}
	if !j.facts.listed {
		if j.facts.Tags, err = j.Registry.Tags(ctx, j.ref); err != nil {
			return "", 0, fmt.Errorf("list tags: %w", err)
		}
		j.facts.listed = true
	}
	all := j.facts.Facts
	all.Tags = slices.Concat(all.Tags, j.taken)
	if tag, number, err = j.template.Name(l, all); err != nil {
		return "", 0, refuse("%w", err)
	}
	return tag, number, nil
}

// learn asks the image what it says of itself.
func (j *job) learn(ctx context.Context) error {
	d, err := j.Registry.Details(ctx, j.ref.Pinned(j.digest))
	if err != nil {
		return fmt.Errorf("read what %s says of itself: %w", j.digest, err)
	}
	j.facts.Created = d.Created
	if strings.Contains(j.template.String(), "{{.Version}}") {
		j.facts.Version, err = j.ownVersion(ctx, d)
	}
	return err
}

// ownVersion is the image's own version label, empty where it has none. A label
// that it has from its base says nothing about it.
func (j *job) ownVersion(ctx context.Context, d image.Details) (string, error) {
	if d.Version == "" {
		return "", nil
	}
	base, err := image.ParseReference(d.BaseName)
	if err != nil || d.BaseDigest == "" || !j.mayAsk(base.Registry) {
		return "", refuse("its version label %q may be its base's, and which base it has is not known; choose another template, or let the build set org.opencontainers.image.base.name and .base.digest", d.Version)
	}
	about, err := j.Registry.Details(ctx, base.Pinned(d.BaseDigest))
	if errors.Is(err, image.ErrNotFound) || errors.Is(err, image.ErrDenied) || errors.Is(err, image.ErrUnsupported) {
		return "", refuse("its version label %q may be its base's, and its base %s cannot be read: %w; choose another template", d.Version, base.Familiar(), err)
	}
	if err != nil {
		return "", fmt.Errorf("read its base %s: %w", base.Familiar(), err)
	}
	if about.Version == d.Version {
		return "", nil
	}
	return d.Version, nil
}

// mayAsk reports whether a registry that an image names may be asked.
func (j *job) mayAsk(registry string) bool {
	return registry == j.ref.Registry || j.MayAsk != nil && j.MayAsk(registry)
}
