package prune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// Selection says what to restore: one of Tag, Digest and All.
type Selection struct {
	Tag    string       // this tag
	Digest image.Digest // this manifest, with the tags that it had
	All    bool         // everything that was deleted
	Since  time.Time    // what was deleted before stays so; zero for no limit
}

// Restored is what became of one tag, or of a manifest without one.
type Restored struct {
	Tag    string       // empty for a manifest
	Digest image.Digest // what was deleted
	Put    bool         // it was put back; false where it is there already, or Err says why not
	Note   string       // how it is not whole, and was not before
	Err    error        // why it was not put back; a *MovedError where the tag is in use again
}

// MovedError is a tag that is on something else than what was planned or
// deleted; it stays there.
type MovedError struct {
	Tag  string
	To   image.Digest
	what string // what happened to it: moved since the plan
}

func (e *MovedError) Error() string { return e.what + ": it is on " + e.To.String() + " by now" }

// Restore puts back what was deleted in ref's repository and is still in the
// trash: the bytes of manifests, what they contain first and what refers to
// them last, then their tags. Before a manifest is put, the registry is asked
// for every configuration and layer of it. A tag that is on something else by
// now stays there. The records of restored tags come back with a new time, so
// that the next prune does not take them again. Restoring twice does nothing
// the second time.
//
// The error wraps [image.ErrNotFound] where the trash has nothing of it.
func (f Flow) Restore(ctx context.Context, ref image.Reference, sel Selection) ([]Restored, error) {
	r := &restoration{flow: f, ref: ref.Tagged("")}
	if err := r.run(ctx, sel); err != nil {
		return nil, err
	}
	return r.out, nil
}

// restoration is the putting back in one repository.
type restoration struct {
	flow Flow
	ref  image.Reference
	bins []bin // newest first
	out  []Restored

	saved  map[image.Digest]item // the newest entry that has the bytes
	newest map[string]item       // the newest entry that has a tag
	bonds  bonds                 // between what is saved
	bodies map[image.Digest][]byte

	wanted digests         // manifests to put back, with what belongs to them
	tags   map[string]item // to put back
	done   map[image.Digest]result
}

// item is an entry and the trash that it is in.
type item struct {
	bin   *bin
	entry trash.Entry
}

func (r *restoration) run(ctx context.Context, sel Selection) error {
	if err := r.read(ctx); err != nil {
		return err
	}
	if err := r.pick(sel); err != nil {
		return err
	}
	if err := r.relate(ctx); err != nil {
		return err
	}
	order := r.sequence()
	if err := r.bring(ctx, order); err != nil {
		return err
	}
	if err := r.name(ctx); err != nil {
		return err
	}
	r.report(order)
	return nil
}

// read reads all trash. What cannot be read is noted among the results.
func (r *restoration) read(ctx context.Context) error {
	tags, err := r.flow.Content.Tags(ctx, r.ref)
	if err != nil {
		return fmt.Errorf("list tags: %w", err)
	}
	tags = slices.DeleteFunc(tags, func(tag string) bool { return !strings.HasPrefix(tag, trash.TagPrefix) })
	journals := make([]trash.Journal, len(tags))
	problems := make([]error, len(tags))
	err = each(ctx, parallel, len(tags), func(ctx context.Context, i int) error {
		journals[i], problems[i] = r.flow.Store.ReadTrash(ctx, r.ref, tags[i])
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	for i, tag := range tags {
		switch {
		case problems[i] == nil:
			b := bin{journal: journals[i]}
			b.tag.Name = tag
			r.bins = append(r.bins, b)
		case !errors.Is(problems[i], image.ErrNotFound):
			r.out = append(r.out, Restored{Tag: tag, Err: problems[i]})
		}
	}
	slices.SortStableFunc(r.bins, func(a, b bin) int {
		return cmp.Or(b.journal.At.Compare(a.journal.At), cmp.Compare(b.tag.Name, a.tag.Name))
	})
	return nil
}
