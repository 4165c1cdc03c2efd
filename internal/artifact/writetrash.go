package artifact

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// concurrency bounds the requests that are under way at once for one artifact.
const concurrency = 8

// WriteTrash saves what j says will be deleted: the bytes of the manifests,
// which manifests has by digest, and a claim on their configurations and
// layers, so that the registry's garbage collection leaves those alone. What is
// missing of them already is noted in the journal. It returns the tag of the
// artifact. The same once more makes the same artifact; [trash.Split] cuts what
// is too large for one.
//
// It sends one HEAD for each manifest and each foreign layer, two requests more
// for each manifest that is not saved yet, and three in the end; one more where
// the registry takes nothing but images.
//
// The error wraps [image.ErrRefused] where the registry takes no such artifact.
// After any error nothing may be deleted.
func (s Store) WriteTrash(ctx context.Context, ref image.Reference, j trash.Journal, manifests map[image.Digest][]byte) (string, error) {
	tag, err := s.writeTrash(ctx, ref, j, manifests)
	if err != nil {
		return "", fmt.Errorf("write trash of %s: %w", ref.Name(), err)
	}
	return tag, nil
}

func (s Store) writeTrash(ctx context.Context, ref image.Reference, j trash.Journal, manifests map[image.Digest][]byte) (string, error) {
	p, err := pack(j, manifests)
	if err != nil {
		return "", err
	}
	if err := s.save(ctx, ref, p.saved); err != nil {
		return "", err
	}
	if err := s.settle(ctx, ref, &p, p.foreign()); err != nil {
		return "", err
	}
	tag, refused, err := s.seal(ctx, ref, p)
	if err != nil || refused == nil {
		return tag, err
	}
	// It may be refused for what it is, or because a blob that it names is not
	// there: only now is that worth a request for each.
	if err := s.settle(ctx, ref, &p, p.claims()); err != nil {
		return "", fmt.Errorf("%w; then: %w", refused, err)
	}
	tag, again, err := s.seal(ctx, ref, p)
	if err != nil || again == nil {
		return tag, err
	}
	if errors.Is(again, image.ErrRefused) {
		return "", fmt.Errorf("%w; it takes no artifact that keeps what is deleted, so nothing may be deleted", again)
	}
	return "", fmt.Errorf("%w: it takes no artifact that keeps what is deleted, though all is there that this one names, so nothing may be deleted: %w", image.ErrRefused, again)
}

// save uploads the blobs of manifests.
func (s Store) save(ctx context.Context, ref image.Reference, blobs [][]byte) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for _, blob := range blobs {
		group.Go(func() error { return s.upload(ctx, ref, blob) })
	}
	return group.Wait()
}

// settle finds out which of some blobs are not there.
func (s Store) settle(ctx context.Context, ref image.Reference, p *packing, digests []image.Digest) error {
	has := make([]bool, len(digests))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i, digest := range digests {
		group.Go(func() (err error) {
			has[i], err = s.Registry.HasBlob(ctx, at(ref, digest))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, digest := range digests {
		if !has[i] {
			p.absent[digest] = true
		}
	}
	return nil
}

// seal writes the journal and the artifact about all that is there. refused is
// what the registry has against the artifact.
func (s Store) seal(ctx context.Context, ref image.Reference, p packing) (tag string, refused, err error) {
	j := p.noted()
	content, err := trash.Encode(j)
	if err != nil {
		return "", nil, err
	}
	body, err := wrap(trash.MediaType, content, p.layers())
	if err != nil {
		return "", nil, err
	}
	if err := s.put(ctx, ref, content); err != nil {
		return "", nil, err
	}
	tag = j.Tag(image.FromBytes(content))
	err = s.offer(ctx, ref.Tagged(tag), body)
	if err != nil && !known(ctx, err) {
		return tag, err, nil
	}
	return tag, nil, err
}
