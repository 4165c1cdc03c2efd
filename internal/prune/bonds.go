package prune

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// bonds is what holds together of what is in the trash.
type bonds struct {
	parts     map[image.Digest][]image.Digest // of an index
	referrers map[image.Digest][]image.Digest // by what they refer to
}

// smallBody is how large a manifest may be that is held in memory until it is
// put back; larger ones are read again.
const smallBody = 64 << 10

// relate finds out what holds together of everything that is in the trash:
// what was deleted with an image is to come back with it. A manifest whose
// bytes cannot be read is a problem only where it is wanted.
func (r *restoration) relate(ctx context.Context) error {
	r.bodies = map[image.Digest][]byte{}
	all := slices.Sorted(maps.Keys(r.saved))
	named := make([]retention.Manifest, len(all))
	bodies := make([][]byte, len(all))
	err := each(ctx, parallel, len(all), func(ctx context.Context, i int) (err error) {
		named[i], bodies[i], err = r.flow.saved(ctx, r.ref, r.saved[all[i]])
		if errors.Is(err, image.ErrDenied) {
			return err
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	r.bonds = bonds{map[image.Digest][]image.Digest{}, map[image.Digest][]image.Digest{}}
	for i, digest := range all {
		if len(bodies[i]) <= smallBody {
			r.bodies[digest] = bodies[i]
		}
		r.bonds.parts[digest] = named[i].Children
		if subject := named[i].Subject; subject != "" {
			r.bonds.referrers[subject] = append(r.bonds.referrers[subject], digest)
		}
	}
	return nil
}

// saved returns what a manifest in the trash names, from memory where it is
// known there; else its bytes too.
func (f Flow) saved(ctx context.Context, ref image.Reference, it item) (retention.Manifest, []byte, error) {
	if m, ok := f.remembered(it.entry.Digest); ok && m.Size > 0 {
		return m, nil, nil
	}
	body, err := f.Store.Saved(ctx, ref, it.entry)
	if err != nil {
		return retention.Manifest{}, nil, err
	}
	content, err := image.ParseContent(body)
	if err != nil {
		return retention.Manifest{}, nil, err
	}
	return manifest(it.entry.MediaType, int64(len(body)), content), body, nil
}
