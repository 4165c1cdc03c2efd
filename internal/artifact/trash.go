package artifact

import (
	"context"
	"fmt"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// ReadTrash returns the journal of the trash artifact under a tag: two
// requests. The error wraps [image.ErrNotFound] where there is none,
// [ledger.ErrDamaged] or [ledger.ErrLater] where it cannot be read.
func (s Store) ReadTrash(ctx context.Context, ref image.Reference, tag string) (trash.Journal, error) {
	content, err := s.content(ctx, ref.Tagged(tag), trash.MediaType)
	var j trash.Journal
	if err == nil {
		j, err = trash.Decode(content)
	}
	if err == nil && j.Tag(image.FromBytes(content)) != tag {
		err = fmt.Errorf("%w: its journal belongs to tag %s", ledger.ErrDamaged, j.Tag(image.FromBytes(content)))
	}
	if err != nil {
		return trash.Journal{}, fmt.Errorf("read trash %s: %w", ref.Tagged(tag), err)
	}
	return j, nil
}

// Saved returns the bytes of a manifest that was deleted. The error wraps
// [image.ErrNotFound] where they are not there, and [image.ErrMismatch] where
// they are not those of e.
func (s Store) Saved(ctx context.Context, ref image.Reference, e trash.Entry) ([]byte, error) {
	if e.Kept {
		return nil, fmt.Errorf("read saved manifest %s: only its tags were deleted", e.Digest)
	}
	body, err := s.Registry.Blob(ctx, at(ref, e.Saved))
	if err == nil {
		body, err = e.Open(body)
	}
	if err != nil {
		return nil, fmt.Errorf("read saved manifest %s: %w", at(ref, e.Digest), err)
	}
	return body, nil
}
