package artifact

import (
	"context"
	"errors"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// registry is all that a Store asks of one; *registry.Client satisfies it.
type registry interface {
	reader
	writer
}

type reader interface {
	Fetch(ctx context.Context, ref image.Reference) ([]byte, image.Descriptor, error)
	Resolve(ctx context.Context, ref image.Reference) (image.Descriptor, error)
	Blob(ctx context.Context, ref image.Reference) ([]byte, error)
}

type writer interface {
	HasBlob(ctx context.Context, ref image.Reference) (bool, error)
	PutBlob(ctx context.Context, ref image.Reference, content []byte) (image.Digest, error)
	PutManifest(ctx context.Context, ref image.Reference, mediaType string, body []byte) (image.Digest, error)
}

// Store keeps artifacts. The references that it is given name a repository;
// their tags and digests do not matter. Its errors name the repository.
type Store struct {
	Registry registry
	// Sleep waits before a ledger is written again because another writer was
	// there; d grows, and is to be spread by chance. Nil does not wait.
	Sleep func(ctx context.Context, d time.Duration) error
}

// at returns the reference of a blob or manifest in ref's repository.
func at(ref image.Reference, digest image.Digest) image.Reference {
	return ref.Tagged("").Pinned(digest)
}

// upload puts a blob where the registry does not have it yet.
func (s Store) upload(ctx context.Context, ref image.Reference, content []byte) error {
	digest := image.FromBytes(content)
	if has, err := s.Registry.HasBlob(ctx, at(ref, digest)); err != nil || has {
		return err
	}
	return s.put(ctx, ref, content)
}

func (s Store) put(ctx context.Context, ref image.Reference, content []byte) error {
	got, err := s.Registry.PutBlob(ctx, ref.Tagged(""), content)
	if err == nil && got != image.FromBytes(content) {
		return image.ErrMismatch
	}
	return err
}

// offer puts an artifact's manifest under ref's tag, dressed as an image where
// the registry does not know its type.
func (s Store) offer(ctx context.Context, ref image.Reference, w wrapped) error {
	_, err := s.Registry.PutManifest(ctx, ref, image.MediaTypeOCIManifest, w.own)
	if errors.Is(err, image.ErrMediaType) {
		_, err = s.Registry.PutManifest(ctx, ref, image.MediaTypeOCIManifest, w.image)
	}
	return err
}

// known reports whether a request failed for a reason that has nothing to do
// with what was sent.
func known(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, image.ErrDenied) || errors.Is(err, image.ErrMismatch)
}
