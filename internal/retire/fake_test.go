package retire_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retire"
)

var (
	now   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	app   = image.Reference{Registry: "registry.test", Repository: "acme/app", Tag: "latest"}
	ever  = func(string) error { return nil }
	other = digestOf("somebody else's")
)

const mediaType = image.MediaTypeOCIManifest

// world is one repository of a registry, and its ledger, in memory. Each call
// is a request and passes before, which may make it wait or fail.
type world struct {
	before func(ctx context.Context, request string) error
	after  func(request string) error // the request has been carried out

	mu       sync.Mutex
	bodies   map[image.Digest][]byte
	tags     map[string]image.Digest
	details  map[image.Digest]image.Details
	ledger   []byte
	requests []string
	refuse   map[string]error // by tag that may not be written
}

func newWorld() *world {
	return &world{
		before: func(context.Context, string) error { return nil }, after: ever,
		bodies: map[image.Digest][]byte{}, tags: map[string]image.Digest{},
		details: map[image.Digest]image.Details{}, refuse: map[string]error{},
	}
}

// body is a manifest with white space that a new encoding would lose.
func body(text string) []byte {
	return []byte("{ \"config\" : {},\r\n\t\"about\":\"" + text + "\"}\n\n")
}

func digestOf(text string) image.Digest { return image.FromBytes(body(text)) }

// push puts an image under tags, as a build does.
func (w *world) push(text string, tags ...string) image.Digest {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := digestOf(text)
	w.bodies[d] = body(text)
	for _, tag := range tags {
		w.tags[tag] = d
	}
	return d
}

func (w *world) flow() retire.Flow { return retire.Flow{Registry: w, Ledgers: ledgers{w}, Now: now} }

// remember changes the ledger.
func (w *world) remember(t *testing.T, change func(ledger.Ledger) ledger.Ledger) {
	t.Helper()
	encoded, err := ledger.Encode(change(w.memory(t)))
	require.NoError(t, err)
	w.ledger = encoded
}

func (w *world) memory(t *testing.T) ledger.Ledger {
	t.Helper()
	if w.ledger == nil {
		return ledger.Ledger{}
	}
	l, err := ledger.Decode(w.ledger)
	require.NoError(t, err)
	return l
}

// writes counts the requests that change something.
func (w *world) writes() int {
	n := 0
	for _, r := range w.requests {
		if strings.HasPrefix(r, "PUT ") || strings.HasPrefix(r, "WRITE ") {
			n++
		}
	}
	return n
}

// do is one request.
func (w *world) do(ctx context.Context, request string, carryOut func() error) error {
	if err := w.before(ctx, request); err != nil {
		return err
	}
	w.mu.Lock()
	w.requests = append(w.requests, request)
	err := carryOut()
	w.mu.Unlock()
	if err != nil {
		return err
	}
	return w.after(request)
}

func (w *world) descriptor(d image.Digest) image.Descriptor {
	return image.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(w.bodies[d]))}
}

func (w *world) Resolve(ctx context.Context, ref image.Reference) (d image.Descriptor, err error) {
	err = w.do(ctx, "HEAD "+ref.Tag, func() error {
		digest, ok := w.tags[ref.Tag]
		if !ok {
			return fmt.Errorf("%w: no tag", image.ErrNotFound)
		}
		d = w.descriptor(digest)
		return nil
	})
	return d, err
}

func (w *world) Fetch(ctx context.Context, ref image.Reference) (content []byte, d image.Descriptor, err error) {
	err = w.do(ctx, "GET "+ref.Tag, func() error {
		digest, ok := w.tags[ref.Tag]
		if !ok {
			return fmt.Errorf("%w: no tag", image.ErrNotFound)
		}
		content, d = w.bodies[digest], w.descriptor(digest)
		return nil
	})
	return content, d, err
}

func (w *world) Manifest(ctx context.Context, ref image.Reference) (content []byte, d image.Descriptor, err error) {
	err = w.do(ctx, "GET "+ref.Digest.Short(), func() error {
		var ok bool
		if content, ok = w.bodies[ref.Digest]; !ok {
			return fmt.Errorf("%w: no digest", image.ErrNotFound)
		}
		d = w.descriptor(ref.Digest)
		return nil
	})
	return content, d, err
}

func (w *world) Details(ctx context.Context, ref image.Reference) (d image.Details, err error) {
	err = w.do(ctx, "DETAILS "+ref.Name(), func() error {
		var ok bool
		if d, ok = w.details[ref.Digest]; !ok {
			return fmt.Errorf("%w: no image", image.ErrUnsupported)
		}
		return nil
	})
	return d, err
}

func (w *world) Tags(ctx context.Context, _ image.Reference) (tags []string, err error) {
	err = w.do(ctx, "TAGS", func() error {
		tags = slices.Sorted(maps.Keys(w.tags))
		return nil
	})
	return tags, err
}

func (w *world) PutManifest(ctx context.Context, ref image.Reference, kind string, content []byte) (d image.Digest, err error) {
	err = w.do(ctx, "PUT "+ref.Tag, func() error {
		if err := w.refuse[ref.Tag]; err != nil {
			return err
		}
		if kind != mediaType {
			return fmt.Errorf("media type %q", kind)
		}
		d = image.FromBytes(content)
		w.bodies[d], w.tags[ref.Tag] = content, d
		return nil
	})
	return d, err
}

// ledgers is the ledger of a world.
type ledgers struct{ *world }

func (s ledgers) ReadLedger(ctx context.Context, _ image.Reference) (l ledger.Ledger, err error) {
	err = s.do(ctx, "READ ledger", func() error {
		if s.ledger == nil {
			return nil
		}
		l, err = ledger.Decode(s.ledger)
		return err
	})
	return l, err
}

func (s ledgers) WriteLedger(ctx context.Context, _ image.Reference, l ledger.Ledger) error {
	encoded, err := ledger.Encode(l)
	if err != nil {
		return err
	}
	return s.do(ctx, "WRITE ledger", func() error {
		if err := s.refuse[ledger.Tag]; err != nil {
			return err
		}
		s.ledger = encoded
		return nil
	})
}

func (s ledgers) Holds(ctx context.Context, _ image.Reference, l ledger.Ledger) (holds bool, err error) {
	encoded, err := ledger.Encode(l)
	if err != nil {
		return false, err
	}
	err = s.do(ctx, "HEAD ledger", func() error {
		nothing, err := ledger.Encode(ledger.Ledger{})
		holds = bytes.Equal(s.ledger, encoded) || s.ledger == nil && bytes.Equal(nothing, encoded)
		return err
	})
	return holds, err
}

func (s ledgers) UpdateLedger(ctx context.Context, ref image.Reference, change func(ledger.Ledger) (ledger.Ledger, error)) (ledger.Ledger, error) {
	for {
		l, err := s.ReadLedger(ctx, ref)
		if err != nil {
			return l, err
		}
		changed, err := change(l)
		if err != nil || assert.ObjectsAreEqual(l, changed) {
			return changed, err
		}
		if err := s.WriteLedger(ctx, ref, changed); err != nil {
			return changed, err
		}
		if holds, err := s.Holds(ctx, ref, changed); err != nil || holds {
			return changed, err
		}
	}
}

func template(t testing.TB, text string) ledger.Template {
	t.Helper()
	parsed, err := ledger.ParseTemplate(text)
	require.NoError(t, err)
	return parsed
}
