package prune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// name puts the tags back whose manifests are there. What the ledger said about
// them is written first: a tag without a record would be one that nobody ever
// retired, one with an old record would go at once.
func (r *restoration) name(ctx context.Context) error {
	names := slices.Sorted(maps.Keys(r.tags))
	states := make([]Restored, len(names))
	absent := make([]bool, len(names))
	err := each(ctx, parallel, len(names), func(ctx context.Context, i int) (err error) {
		states[i], absent[i], err = r.state(ctx, names[i])
		return err
	})
	if err != nil {
		return err
	}
	var ours []string
	for _, s := range states {
		if s.Err == nil {
			ours = append(ours, s.Tag)
		}
	}
	if err := r.remember(ctx, ours); err != nil {
		return err
	}
	err = each(ctx, parallel, len(names), func(ctx context.Context, i int) error {
		if !absent[i] {
			return nil
		}
		states[i].Put, states[i].Err = true, r.putTag(ctx, states[i])
		if states[i].Err != nil {
			states[i].Put = false
		}
		return ctx.Err()
	})
	r.out = append(r.out, states...)
	return err
}

// state says what is to be done about a tag; absent says that it has to be put.
func (r *restoration) state(ctx context.Context, tag string) (s Restored, absent bool, err error) {
	s = Restored{Tag: tag, Digest: r.tags[tag].entry.Digest}
	s.Note, s.Err = r.done[s.Digest].note, r.done[s.Digest].err
	if s.Err != nil {
		return s, false, nil
	}
	d, err := r.flow.Content.Resolve(ctx, r.ref.Tagged(tag))
	switch {
	case errors.Is(err, image.ErrNotFound):
		return s, true, nil
	case err != nil:
		return s, false, fmt.Errorf("look at tag %s: %w", tag, err)
	case d.Digest != s.Digest:
		s.Err = &MovedError{tag, d.Digest, "pushed anew since it was deleted"}
	}
	return s, false, nil
}

func (r *restoration) putTag(ctx context.Context, s Restored) error {
	body, mediaType := r.bodies[s.Digest], r.saved[s.Digest].entry.MediaType
	if body == nil { // it was there, or is large
		var d image.Descriptor
		var err error
		if body, d, err = r.flow.Content.Manifest(ctx, r.ref.Pinned(s.Digest)); err != nil {
			return fmt.Errorf("read manifest %s: %w", s.Digest, err)
		}
		mediaType = d.MediaType
	}
	got, err := r.flow.Content.PutManifest(ctx, r.ref.Tagged(s.Tag), mediaType, body)
	if err == nil && got != s.Digest {
		err = fmt.Errorf("%w: the registry made it %s", image.ErrMismatch, got)
	}
	if err != nil {
		return fmt.Errorf("put tag %s: %w", s.Tag, err)
	}
	return nil
}

// remember gives restored tags their records back, and marks the trash that
// something came from as carried out, so that no run goes on with it.
func (r *restoration) remember(ctx context.Context, tags []string) error {
	var existing, touched []string
	for _, b := range r.bins {
		existing = append(existing, b.tag.Name)
		if slices.ContainsFunc(b.entries(), func(digest image.Digest) bool { _, ok := r.done[digest]; return ok }) {
			touched = append(touched, b.tag.Name)
		}
	}
	_, err := r.flow.Store.UpdateLedger(ctx, r.ref, func(l ledger.Ledger) (ledger.Ledger, error) {
		for _, tag := range tags {
			it := r.tags[tag]
			old, known := l.Record(tag)
			if known && old.At.After(it.bin.journal.At) {
				continue // restored before, or retired anew
			}
			if back, ok := it.record(tag, r.flow.Now); ok {
				l = l.With(back)
			}
		}
		for _, tag := range touched {
			if !slices.Contains(l.Finished, tag) {
				l = l.Finish(tag, slices.Concat(existing, l.Finished))
			}
		}
		return l, nil
	})
	return err
}

// entries returns the digests that b's journal names.
func (b bin) entries() []image.Digest {
	all := make([]image.Digest, len(b.journal.Entries))
	for i, e := range b.journal.Entries {
		all[i] = e.Digest
	}
	return all
}

// report adds a result for each manifest that no tag's result is about.
func (r *restoration) report(order []image.Digest) {
	told := digests{}
	for _, s := range r.out {
		told[s.Digest] = true
	}
	for _, digest := range order {
		if done := r.done[digest]; !told[digest] {
			r.out = append(r.out, Restored{Digest: digest, Put: done.put, Note: done.note, Err: done.err})
		}
	}
}

// record returns what the ledger said of a tag when it was deleted, as of now.
func (i item) record(tag string, now time.Time) (ledger.Record, bool) {
	for _, old := range i.entry.Records {
		if old.Tag == tag && old.Digest == i.entry.Digest {
			old.At = stamp(now)
			old.By = again(old.By)
			return old, true
		}
	}
	return ledger.Record{}, false
}

// restored begins the words of a record that was restored.
const restored = "restore"

func again(by string) string {
	if by == "" || strings.HasPrefix(by, restored) {
		return cmp.Or(by, restored)
	}
	return restored + ", " + by
}
