package retire

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// keep writes the record, with what was found of others, then the tag, and
// looks whether all of that has stayed; again asks for another round. The order
// is the package's proof.
func (j *job) keep(ctx context.Context, l ledger.Ledger, t target, others []ledger.Record) (again bool, err error) {
	l = j.clean(l, others)
	before, had := l.Record(t.tag)
	l = j.recorded(l, t)
	if err := j.Ledgers.WriteLedger(ctx, j.ref, l); err != nil {
		return false, ledgerError(err)
	}
	j.wrote = true
	at, err := j.pointsAt(ctx, t.tag)
	if err != nil {
		return false, err
	}
	switch at {
	case j.digest:
	case "", t.leaves:
		if err := j.tag(ctx, t); err != nil {
			return false, j.undo(ctx, t.tag, before, had, err)
		}
	default:
		j.taken = append(j.taken, t.tag)
		return true, nil
	}
	holds, err := j.Ledgers.Holds(ctx, j.ref, l)
	if err != nil {
		return false, ledgerError(err)
	}
	if !holds {
		return true, nil
	}
	return j.stale(ctx, others, t.tag)
}

// stale reports whether a tag that was found to be another's, and is not the one
// that the digest got, no longer is what was recorded of it: somebody may have
// given it back meanwhile.
func (j *job) stale(ctx context.Context, others []ledger.Record, tag string) (bool, error) {
	for _, r := range others {
		if r.Tag == tag {
			continue
		}
		at, err := j.pointsAt(ctx, r.Tag)
		if err != nil || at != r.Digest {
			return err == nil, err
		}
	}
	return false, nil
}

// recorded returns l with all that this retirement has to say.
func (j *job) recorded(l ledger.Ledger, t target) ledger.Ledger {
	r := j.record
	r.Tag, r.Digest, r.At = t.tag, j.digest, j.Now
	if t.number > 0 {
		l = l.UseNumber(j.template.String(), t.number)
	}
	if j.present != "" {
		l = l.See(j.ref.Tag, j.present, j.Now)
	}
	for _, s := range l.Sights[j.ref.Tag] { // a sight of the same second may have got the next one
		if s.Digest == j.digest && s.At.After(r.At) && s.At.Sub(r.At) < time.Minute {
			r.At = s.At
		}
	}
	return l.With(r)
}

func (j *job) tag(ctx context.Context, t target) error {
	if j.body == nil {
		if err := j.read(ctx); err != nil {
			return err
		}
	}
	j.put = append(j.put, t.tag)
	return j.write(ctx, t.tag, j.mediaType, j.body, j.digest)
}

// undo takes the record of a tag back that the registry forbids to write, so
// that nothing is left half-done. Any other failure leaves the record: whether
// the tag was written is not known, and the next run completes it.
func (j *job) undo(ctx context.Context, tag string, before ledger.Record, had bool, cause error) error {
	if !forbidden(cause) {
		return cause
	}
	_, err := j.Ledgers.UpdateLedger(ctx, j.ref, func(l ledger.Ledger) (ledger.Ledger, error) {
		r, ok := l.Record(tag)
		switch {
		case !ok || r.Digest != j.digest:
			return l, nil
		case had:
			return l.With(before), nil
		}
		return l.Without(tag), nil
	})
	if err != nil {
		return errors.Join(cause, fmt.Errorf("take its record back: %w", ledgerError(err)))
	}
	return cause
}

// ledgerError adds what helps to an error of the ledger's store.
func ledgerError(err error) error {
	if errors.Is(err, image.ErrRefused) {
		return fmt.Errorf("%w; where tags are immutable, leave out those that begin with %s", err, ledger.TagPrefix)
	}
	return err
}
