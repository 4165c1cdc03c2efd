package retire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// Merge is a change that was merged, and what is built from it.
type Merge struct {
	By     string    // acme/app#12
	At     time.Time // when it was merged
	Commit string    // that it made; empty where unknown
	Images []Published
}

// Published is an image that a repository builds.
type Published struct {
	Ref      image.Reference // the tag that it is published under; latest where it has none
	Template ledger.Template // of its version tags
	Moves    bool            // the template's fixed name may move on
}

// OnMerge retires what each image's tag pointed at before the merge, whether
// or not the new image has been pushed since. Once more for the same merge it
// does nothing. An image that was never published has an outcome with a note.
// The outcomes of those that did not fail are returned in the order of
// m.Images; each one that failed is in the joined error, whose parts are those
// of [Flow.Retire].
func (f Flow) OnMerge(ctx context.Context, m Merge) ([]Outcome, error) {
	var (
		all  []Outcome
		errs []error
	)
	for _, p := range m.Images {
		p.Ref = published(p.Ref)
		out, err := f.merged(ctx, m, p)
		if err != nil {
			errs = append(errs, fmt.Errorf("retire %s: %w", p.Ref, err))
			continue
		}
		all = append(all, out)
	}
	return all, errors.Join(errs...)
}

func (f Flow) merged(ctx context.Context, m Merge, p Published) (Outcome, error) {
	j, err := f.job(Request{Ref: p.Ref, Template: p.Template, Moves: p.Moves, By: m.By})
	if err != nil {
		return Outcome{}, err
	}
	if j.present, err = j.pointsAt(ctx, p.Ref.Tag); err != nil {
		return Outcome{}, err
	}
	if j.present == "" {
		return Outcome{Ref: p.Ref, Note: "it is not in the registry yet: there is nothing to retire"}, nil
	}
	l, err := f.Ledgers.ReadLedger(ctx, p.Ref)
	if err != nil {
		return Outcome{}, ledgerError(err)
	}
	out, err := j.retireBefore(ctx, l, m)
	if err != nil {
		return Outcome{}, err
	}
	return out, j.see(ctx, l)
}

// retireBefore retires what was published before the merge.
func (j *job) retireBefore(ctx context.Context, l ledger.Ledger, m Merge) (Outcome, error) {
	if r, ok := j.followed(l, m.At); ok {
		return j.onceMore(ctx, l, r)
	}
	why := "no run had recorded what was published before the merge"
	known, err := j.known(ctx, l, m)
	if err != nil {
		return Outcome{}, err
	}
	if known {
		out, err := j.run(ctx, l)
		if !errors.Is(err, image.ErrNotFound) {
			return out, err
		}
		why = fmt.Sprintf("what a run had recorded before the merge, %s, is no longer in the registry", j.digest)
	}
	isNew, err := j.isNew(ctx, m)
	if err != nil {
		return Outcome{}, err
	}
	if isNew {
		return Outcome{Ref: j.ref, Note: why + ", and the new image is there already: what it replaced is not kept; " +
			"retire an image right before the next one is pushed, or let a scheduled run record what is published"}, nil
	}
	j.digest, j.until, j.record.ReplacedBy = j.present, j.Now, ""
	out, err := j.run(ctx, l)
	out.Note = why + "; what is published now was retired"
	return out, err
}

// onceMore completes what was done for the merge before. A version that has been
// deleted since stays so.
func (j *job) onceMore(ctx context.Context, l ledger.Ledger, r ledger.Record) (Outcome, error) {
	gone := Outcome{Ref: j.ref, Already: true, Note: fmt.Sprintf("what it replaced was retired as %s, and has been deleted since", r.Tag)}
	live := l.Retired(r.Digest, r.From)
	if len(live) == 0 {
		return gone, nil
	}
	if !slices.Contains(live, r) { // it came back
		r = live[0]
	}
	j.digest, j.record = r.Digest, r
	out, err := j.run(ctx, l)
	if errors.Is(err, image.ErrNotFound) {
		return gone, nil
	}
	return out, err
}

// followed returns the record of what was retired for the merge before, by
// whomever; its version may have been deleted since.
func (j *job) followed(l ledger.Ledger, at time.Time) (ledger.Record, bool) {
	all := slices.Concat(l.Records, l.Past)
	if r, ok := j.done(all); ok {
		return r, true
	}
	if r, ok := j.since(all, at); ok {
		return r, true
	}
	s, _ := l.Before(j.ref.Tag, at)
	for _, r := range l.Past { // two merges that replaced one image
		if r.From == j.ref.Tag && r.Digest == s.Digest && r.Digest != j.present && r.At.After(at) {
			return r, true
		}
	}
	return ledger.Record{}, false
}

// known sets the digest to what was published before the merge, as far as the
// ledger knows. What had been retired before may have been replaced since by an
// image that no run has seen, as it was meant to be where another merge retired
// it. It counts only if that was no merge, and what is published now says that
// it is newer than this one.
func (j *job) known(ctx context.Context, l ledger.Ledger, m Merge) (bool, error) {
	s, ok := l.Before(j.ref.Tag, m.At)
	if !ok {
		return false, nil
	}
	if before := j.retiredBefore(l, s.Digest, m.At); s.Digest != j.present && len(before) > 0 {
		if slices.ContainsFunc(before, ofMerge) {
			return false, nil
		}
		if isNew, err := j.isNew(ctx, m); err != nil || !isNew {
			return false, err
		}
	}
	j.digest, j.until = s.Digest, m.At
	if s.Digest != j.present {
		j.record.ReplacedBy = j.present
	}
	return true, nil
}

// since returns what was retired first since a time, if it has been replaced: a
// step right before the push did that. What other merges replaced is theirs.
func (j *job) since(all []ledger.Record, at time.Time) (first ledger.Record, ok bool) {
	for _, r := range all {
		if r.From == j.ref.Tag && r.Digest != j.present && r.At.After(at) && !ofMerge(r) && (!ok || r.At.Before(first.At)) {
			first, ok = r, true
		}
	}
	return first, ok
}

// retiredBefore returns the records of a digest that was retired for an earlier
// merge, or by hand.
func (j *job) retiredBefore(l ledger.Ledger, digest image.Digest, at time.Time) []ledger.Record {
	return slices.DeleteFunc(slices.Concat(l.Records, l.Past), func(r ledger.Record) bool {
		return r.From != j.ref.Tag || r.Digest != digest || !r.At.Before(at)
	})
}

// ofMerge reports whether a record says that it was made for a merge.
func ofMerge(r ledger.Record) bool { return strings.ContainsAny(r.By, "#!") }

// done returns the record that an earlier run made for the same merge.
func (j *job) done(all []ledger.Record) (ledger.Record, bool) {
	for _, r := range all {
		if r.From == j.record.From && r.By == j.record.By && r.By != "" {
			return r, true
		}
	}
	return ledger.Record{}, false
}

// isNew reports whether what is published says that it was made from the merge
// or after it. What says nothing of itself counts as the earlier image: to keep
// one too many does no harm.
func (j *job) isNew(ctx context.Context, m Merge) (bool, error) {
	d, err := j.Registry.Details(ctx, j.ref.Pinned(j.present))
	if errors.Is(err, image.ErrUnsupported) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read what %s says of itself: %w", j.present, err)
	}
	return m.Commit != "" && d.Revision == m.Commit || d.Created.After(m.At), nil
}

// see records what the tag points at now, unless l or what was written since
// says so already.
func (j *job) see(ctx context.Context, l ledger.Ledger) error {
	if j.wrote || j.DryRun || sees(l, j.ref.Tag, j.present, j.Now) {
		return nil
	}
	_, err := j.Ledgers.UpdateLedger(ctx, j.ref, func(l ledger.Ledger) (ledger.Ledger, error) {
		return l.See(j.ref.Tag, j.present, j.Now), nil
	})
	if err != nil {
		return ledgerError(err)
	}
	return nil
}
