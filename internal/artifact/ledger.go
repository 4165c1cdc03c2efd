package artifact

import (
	"context"
	"errors"
	"fmt"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// ReadLedger returns the ledger of ref's repository; where there is none, the
// zero Ledger. It sends two requests, one where there is none.
//
// The error wraps [ledger.ErrDamaged] or [ledger.ErrLater] where the tag is on
// what cannot be read as a ledger, which then must not be written over.
func (s Store) ReadLedger(ctx context.Context, ref image.Reference) (ledger.Ledger, error) {
	content, err := s.content(ctx, ref.Tagged(ledger.Tag), ledger.MediaType)
	if errors.Is(err, image.ErrNotFound) {
		return ledger.Ledger{}, nil
	}
	var l ledger.Ledger
	if err == nil {
		l, err = ledger.Decode(content)
	}
	switch {
	case errors.Is(err, ledger.ErrDamaged):
		return ledger.Ledger{}, fmt.Errorf("read ledger of %s: %w; see what is under tag %s, then run basekeeper ledger repair %s", ref.Name(), err, ledger.Tag, ref.Name())
	case err != nil:
		return ledger.Ledger{}, fmt.Errorf("read ledger of %s: %w", ref.Name(), err)
	}
	return l, nil
}

// content returns the configuration of the artifact under ref's tag. The error
// wraps [image.ErrNotFound] only where the tag is not there.
func (s Store) content(ctx context.Context, ref image.Reference, artifactType string) ([]byte, error) {
	body, _, err := s.Registry.Fetch(ctx, ref)
	if errors.Is(err, image.ErrUnsupported) {
		return nil, fmt.Errorf("%w: %w", ledger.ErrDamaged, err)
	}
	if err != nil {
		return nil, err
	}
	digest, err := unwrap(artifactType, body)
	if err != nil {
		return nil, err
	}
	content, err := s.Registry.Blob(ctx, at(ref, digest))
	if errors.Is(err, image.ErrNotFound) {
		return nil, fmt.Errorf("%w: its content %s is not there any more", ledger.ErrDamaged, digest)
	}
	return content, err
}

// WriteLedger makes l the ledger of ref's repository, whatever was there:
// three requests, and one more where the registry takes nothing but images. The
// caller read it, and looks afterwards with [Store.Holds].
func (s Store) WriteLedger(ctx context.Context, ref image.Reference, l ledger.Ledger) error {
	content, body, err := encode(l)
	if err == nil {
		err = s.put(ctx, ref, content)
	}
	if err == nil {
		err = s.point(ctx, ref, body)
	}
	if err != nil {
		return fmt.Errorf("write ledger of %s: %w", ref.Name(), err)
	}
	return nil
}

// point puts the ledger's manifest, whose content is there, under its tag. Where
// another writer sends the same content at this moment, distribution's files
// have it not quite, and it is asked again.
func (s Store) point(ctx context.Context, ref image.Reference, body wrapped) error {
	const attempts = 4
	for n := 1; ; n++ {
		err := s.offer(ctx, ref.Tagged(ledger.Tag), body)
		if n == attempts || !errors.Is(err, image.ErrIncomplete) {
			return err
		}
		if err := s.wait(ctx, n); err != nil {
			return err
		}
	}
}

// Holds reports whether the ledger of ref's repository is l, byte for byte: one
// HEAD. An absent ledger is the zero Ledger.
func (s Store) Holds(ctx context.Context, ref image.Reference, l ledger.Ledger) (bool, error) {
	content, body, err := encode(l)
	if err != nil {
		return false, err
	}
	current, err := s.Registry.Resolve(ctx, ref.Tagged(ledger.Tag))
	if errors.Is(err, image.ErrNotFound) {
		return string(content) == string(nothing), nil
	}
	if err != nil {
		return false, fmt.Errorf("look at ledger of %s: %w", ref.Name(), err)
	}
	return body.is(current.Digest), nil
}

// nothing is the zero Ledger, encoded.
var nothing, _ = ledger.Encode(ledger.Ledger{})

// encode returns the ledger's JSON, and the manifest about it.
func encode(l ledger.Ledger) (content []byte, body wrapped, err error) {
	if content, err = ledger.Encode(l); err != nil {
		return nil, wrapped{}, err
	}
	body, err = wrap(ledger.MediaType, content, nil)
	return content, body, err
}
