package prune

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// result is what became of one manifest.
type result struct {
	put  bool
	note string
	err  error
}

// bring puts back the manifests that are not there, one after the other.
func (r *restoration) bring(ctx context.Context, order []image.Digest) error {
	r.done = map[image.Digest]result{}
	there, err := r.present(ctx, order)
	if err != nil {
		return err
	}
	for _, digest := range order {
		if there[digest] {
			r.done[digest] = result{}
			continue
		}
		done := r.put(ctx, digest, there)
		if errors.Is(done.err, image.ErrDenied) || ctx.Err() != nil {
			return done.err
		}
		r.done[digest] = done
		there[digest] = done.err == nil
	}
	return nil
}

// present asks which manifests are there: those to put back, and the parts of
// them that are not in the trash.
func (r *restoration) present(ctx context.Context, order []image.Digest) (digests, error) {
	seen := digests{}
	var all []image.Digest
	add := func(list []image.Digest) {
		for _, digest := range list {
			if !seen[digest] {
				seen[digest] = true
				all = append(all, digest)
			}
		}
	}
	add(order)
	for _, digest := range order {
		add(r.bonds.parts[digest])
	}
	is := make([]bool, len(all))
	err := each(ctx, parallel, len(all), func(ctx context.Context, i int) (err error) {
		if is[i], err = r.flow.Content.Exists(ctx, r.ref.Pinned(all[i])); err != nil {
			return fmt.Errorf("ask for manifest %s: %w", all[i], err)
		}
		return nil
	})
	there := digests{}
	for i, digest := range all {
		there[digest] = is[i]
	}
	return there, err
}

// put puts one manifest back, if all that it names is there.
func (r *restoration) put(ctx context.Context, digest image.Digest, there digests) result {
	it, ok := r.saved[digest]
	if !ok {
		return result{err: fmt.Errorf("manifest %s: %w, and not in the trash", digest, image.ErrNotFound)}
	}
	body, err := r.body(ctx, it)
	if err != nil {
		return result{err: err}
	}
	note := ""
	for _, part := range r.bonds.parts[digest] {
		switch failed, tried := r.done[part]; {
		case there[part]:
		case tried:
			return result{err: fmt.Errorf("part %s of manifest %s: %w", part, digest, failed.err)}
		default:
			note = "its part " + part.String() + " was not there when it was deleted"
		}
	}
	if err := r.whole(ctx, it.entry, body); err != nil {
		return result{err: err}
	}
	if len(it.entry.Missing) > 0 {
		note = "its blob " + it.entry.Missing[0].String() + " was not there when it was deleted"
	}
	got, err := r.flow.Content.PutManifest(ctx, r.ref.Pinned(digest), it.entry.MediaType, body)
	if err == nil && got != digest {
		err = fmt.Errorf("%w: the registry made it %s", image.ErrMismatch, got)
	}
	if err != nil {
		if note != "" {
			err = fmt.Errorf("%w; %s", err, note)
		}
		return result{err: fmt.Errorf("put manifest %s: %w", digest, err)}
	}
	return result{put: true, note: note}
}

// body returns the bytes that are saved.
func (r *restoration) body(ctx context.Context, it item) ([]byte, error) {
	if body := r.bodies[it.entry.Digest]; body != nil {
		return body, nil
	}
	return r.flow.Store.Saved(ctx, r.ref, it.entry)
}

// whole asks for every configuration and layer that was there when the manifest
// was deleted, and that the registry has to have.
func (r *restoration) whole(ctx context.Context, e trash.Entry, body []byte) error {
	blobs, err := trash.Blobs(body)
	if err != nil {
		return fmt.Errorf("read manifest %s: %w", e.Digest, err)
	}
	blobs = slices.DeleteFunc(blobs, func(b trash.Blob) bool { return b.Foreign || slices.Contains(e.Missing, b.Digest) })
	return each(ctx, parallel, len(blobs), func(ctx context.Context, i int) error {
		has, err := r.flow.Content.HasBlob(ctx, r.ref.Pinned(blobs[i].Digest))
		if err == nil && !has {
			err = image.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("blob %s of manifest %s: %w", blobs[i].Digest, e.Digest, err)
		}
		return nil
	})
}
