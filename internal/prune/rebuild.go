package prune

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// Rebuilt is a ledger that was made from what else there is in a repository.
type Rebuilt struct {
	Ledger ledger.Ledger
	Trash  int     // artifacts that were read for it
	Lost   []error // damaged trash: the numbers that it holds are not known
}

// Rebuild makes a ledger of ref's repository from its tags and its trash, and
// writes nothing. A tag that says by its name that one of the templates made it
// is recorded as found now; numbers of tags, and of those that the trash holds,
// are used. What the trash says about deleted versions is remembered as past. All
// trash counts as carried out, so that no run goes on with a deletion of which
// something may have been restored since.
//
// The error is that something could not be asked, or wraps [ledger.ErrLater].
func (f Flow) Rebuild(ctx context.Context, ref image.Reference, templates []string) (Rebuilt, error) {
	named, err := parseTemplates(templates)
	if err != nil {
		return Rebuilt{}, err
	}
	b := rebuilding{flow: f, templates: named}
	if err := b.recall(ctx, ref); err != nil {
		return Rebuilt{}, err
	}
	listing, err := f.Lister.List(ctx, ref)
	if err != nil {
		return Rebuilt{}, fmt.Errorf("list %s: %w", ref, err)
	}
	for _, t := range listing.Tags {
		b.found(t)
	}
	return b.out, nil
}

// rebuilding is the making of a ledger.
type rebuilding struct {
	flow      Flow
	templates []ledger.Template
	out       Rebuilt
}

// found records a tag that looks retired.
func (b *rebuilding) found(t retention.Tag) {
	b.use(t.Name)
	if slices.ContainsFunc(b.templates, func(named ledger.Template) bool { return named.Marks(t.Name) }) {
		b.out.Ledger = b.out.Ledger.With(ledger.Record{Tag: t.Name, Digest: t.Digest, At: b.flow.Now, By: "found by ledger repair"})
	}
}

// use notes the number of a tag as used.
func (b *rebuilding) use(tag string) { b.out.Ledger = used(b.out.Ledger, b.templates, tag) }

// recall takes what the trash still knows.
func (b *rebuilding) recall(ctx context.Context, ref image.Reference) error {
	r := &restoration{flow: b.flow, ref: ref.Tagged("")}
	if err := r.read(ctx); err != nil {
		return err
	}
	for _, unread := range r.out {
		if !errors.Is(unread.Err, ledger.ErrDamaged) {
			return unread.Err
		}
		b.out.Lost = append(b.out.Lost, unread.Err)
	}
	var all []string
	for _, one := range r.bins {
		all = append(all, one.tag.Name)
	}
	for _, one := range r.bins {
		b.learn(one)
		b.out.Ledger = b.out.Ledger.Finish(one.tag.Name, all)
		b.out.Trash++
	}
	return nil
}

// learn takes what one journal knows. Its records are past, even of a tag that is
// there again: that one may be anybody's by now.
func (b *rebuilding) learn(one bin) {
	for _, e := range one.journal.Entries {
		for _, tag := range e.Tags {
			b.use(tag)
		}
		for _, r := range e.Records {
			b.out.Ledger = b.out.Ledger.With(r).Forget(r.Tag)
		}
	}
}
