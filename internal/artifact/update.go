package artifact

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// How often a ledger is written that another writer wrote over, and the wait
// before the second time.
const (
	maxAttempts = 8
	firstWait   = 100 * time.Millisecond
)

// UpdateLedger reads the ledger of ref's repository, changes it, writes it and
// looks whether it stayed; where another writer was there it begins again. It
// returns the ledger that was written, or, where change changes nothing, the
// one that was read: nothing is written then.
//
// Registries have no compare-and-swap. A change that another writer's replaces
// after all is lost without an error, so changes are to be such that a lost one
// delays a deletion at most. change may be called several times, and must be
// the same when it is made twice.
//
// Errors of change come back as they are; for the others see [Store.ReadLedger].
func (s Store) UpdateLedger(ctx context.Context, ref image.Reference, change func(ledger.Ledger) (ledger.Ledger, error)) (ledger.Ledger, error) {
	for attempt := range maxAttempts {
		if err := s.wait(ctx, attempt); err != nil {
			return ledger.Ledger{}, fmt.Errorf("write ledger of %s: %w", ref.Name(), err)
		}
		old, err := s.ReadLedger(ctx, ref)
		if err != nil {
			return ledger.Ledger{}, err
		}
		changed, err := change(old)
		if err != nil {
			return ledger.Ledger{}, err
		}
		done, err := s.replace(ctx, ref, old, changed)
		if err != nil {
			return ledger.Ledger{}, err
		}
		if done {
			return changed, nil
		}
	}
	return ledger.Ledger{}, fmt.Errorf("write ledger of %s: other writers replaced it %d times; run again when they are done", ref.Name(), maxAttempts)
}

// replace writes changed where old is still there, and reports whether it
// stayed. The content goes first, so that between the look and the write there
// is nothing else.
func (s Store) replace(ctx context.Context, ref image.Reference, old, changed ledger.Ledger) (bool, error) {
	before, _, err := encode(old)
	if err != nil {
		return false, fmt.Errorf("write ledger of %s: %w", ref.Name(), err)
	}
	content, body, err := encode(changed)
	if err != nil {
		return false, fmt.Errorf("write ledger of %s: %w", ref.Name(), err)
	}
	if bytes.Equal(before, content) {
		return true, nil
	}
	if err := s.put(ctx, ref, content); err != nil {
		return false, fmt.Errorf("write ledger of %s: %w", ref.Name(), err)
	}
	if same, err := s.Holds(ctx, ref, old); err != nil || !same {
		return false, err
	}
	if err := s.point(ctx, ref, body); err != nil {
		return false, fmt.Errorf("write ledger of %s: %w", ref.Name(), err)
	}
	return s.Holds(ctx, ref, changed)
}

func (s Store) wait(ctx context.Context, attempt int) error {
	if attempt == 0 || s.Sleep == nil {
		return ctx.Err()
	}
	return s.Sleep(ctx, firstWait<<(attempt-1))
}
