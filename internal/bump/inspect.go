package bump

import (
	"context"
	"errors"

	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// inspect looks at the content of moved pins and of what they would move to:
// once for each digest, and never again, since content does not change.
func (f Flow) inspect(ctx context.Context, facts *plan.Facts) error {
	refs := facts.Inspect()
	pinned := map[image.Digest]bool{}
	for _, o := range facts.Occurrences {
		pinned[o.Use.Ref.Digest] = true
	}
	manifests := make([]plan.Manifest, len(refs))
	bodies := make([][]byte, len(refs))
	err := f.each(ctx, len(refs), func(ctx context.Context, i int) {
		manifests[i], bodies[i] = f.manifest(ctx, refs[i], f.Verify && pinned[refs[i].Digest])
	})
	if err != nil {
		return err
	}
	facts.Manifests = make(map[image.Reference]plan.Manifest, len(refs))
	for i, ref := range refs {
		facts.Manifests[ref] = manifests[i]
	}
	return f.platforms(ctx, facts, refs, bodies)
}

// manifest returns what is known about content, from the cache where it is
// there; verify then asks whether the registry still has it.
func (f Flow) manifest(ctx context.Context, ref image.Reference, verify bool) (plan.Manifest, []byte) {
	if m, ok := f.Cache.Manifest(ref.Digest); ok {
		known := plan.Manifest{MediaType: m.MediaType, Platforms: m.Platforms, Platform: m.Platform}
		if verify {
			exists, err := f.Registry.Exists(ctx, ref)
			known.Gone = err == nil && !exists
		}
		return known, nil
	}
	body, descriptor, err := f.Registry.Manifest(ctx, ref)
	switch {
	case errors.Is(err, image.ErrNotFound):
		return plan.Manifest{Gone: true}, nil
	case err != nil:
		return plan.Manifest{Trouble: trouble(err)}, nil
	}
	m := plan.Manifest{MediaType: descriptor.MediaType}
	if descriptor.IsIndex() {
		index, err := image.ParseIndex(body)
		if err != nil {
			return plan.Manifest{Trouble: trouble(err)}, nil
		}
		m.Platforms = index.Platforms
	}
	f.Cache.PutManifest(ref.Digest, cache.Manifest{MediaType: m.MediaType, Platforms: m.Platforms})
	return m, body
}

// platforms learns for which platform single images were built, where what
// they move to is an index and nothing else tells.
func (f Flow) platforms(ctx context.Context, facts *plan.Facts, refs []image.Reference, bodies [][]byte) error {
	wanted := map[image.Reference]bool{}
	for _, ref := range facts.Unplaced() {
		wanted[ref] = true
	}
	found := make([]*image.Platform, len(refs))
	err := f.each(ctx, len(refs), func(ctx context.Context, i int) {
		if !wanted[refs[i]] {
			return
		}
		if p, err := f.Registry.Platform(ctx, bodies[i], refs[i]); err == nil {
			found[i] = &p
		}
	})
	if err != nil {
		return err
	}
	for i, ref := range refs {
		if found[i] != nil {
			m := facts.Manifests[ref]
			m.Platform = found[i]
			facts.Manifests[ref] = m
			f.Cache.PutManifest(ref.Digest, cache.Manifest{MediaType: m.MediaType, Platform: m.Platform})
		}
	}
	return nil
}

// trouble makes a fact of a registry's failure.
func trouble(err error) *plan.Trouble {
	switch {
	case errors.Is(err, image.ErrNotFound):
		return &plan.Trouble{Code: plan.NotFound, Reason: err.Error() + ": the tag or repository was removed or renamed, or is private; change the reference, or log in"}
	case errors.Is(err, image.ErrDenied):
		return &plan.Trouble{Code: plan.Denied, Reason: err.Error()}
	case errors.Is(err, image.ErrUnsupported):
		return &plan.Trouble{Code: plan.Unsupported, Reason: err.Error()}
	case errors.Is(err, image.ErrMismatch):
		return &plan.Trouble{Code: plan.Failed, Reason: err.Error() + ": the registry, or a proxy before it, is broken; tell its operator"}
	}
	return &plan.Trouble{Code: plan.Failed, Reason: err.Error()}
}
