package retire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// parallel is how many repositories are looked at, at once; the registry client
// bounds the requests to each host.
const parallel = 8

// Sighted is a published tag that was looked at.
type Sighted struct {
	Ref    image.Reference `json:"-"`
	Digest image.Digest    `json:"digest"` // that it points at
	New    bool            `json:"new"`    // the ledger did not know, and was told
}

// Record remembers in the ledgers what published tags point at now, so that
// what was published before a merge is known afterwards. A tag or repository
// that does not exist yet is left out. The others are returned in the order of
// refs; each one that failed is in the joined error.
func (f Flow) Record(ctx context.Context, refs []image.Reference) ([]Sighted, error) {
	var (
		order []string // of repositories
		by    = map[string][]image.Reference{}
		group errgroup.Group
	)
	for _, ref := range refs {
		ref = published(ref)
		if by[ref.Name()] == nil {
			order = append(order, ref.Name())
		}
		by[ref.Name()] = append(by[ref.Name()], ref)
	}
	seen, errs := make([][]Sighted, len(order)), make([]error, len(order))
	group.SetLimit(parallel)
	for i, name := range order {
		group.Go(func() error {
			seen[i], errs[i] = f.recordAll(ctx, by[name])
			return nil
		})
	}
	_ = group.Wait() // the errors are kept by repository
	return inOrder(refs, seen), errors.Join(errs...)
}

// inOrder returns what was seen in the order of refs.
func inOrder(refs []image.Reference, seen [][]Sighted) []Sighted {
	by := map[image.Reference]Sighted{}
	for _, some := range seen {
		for _, s := range some {
			by[s.Ref] = s
		}
	}
	var all []Sighted
	for _, ref := range refs {
		if s, ok := by[published(ref)]; ok {
			all = append(all, s)
		}
	}
	return all
}

// recordAll records tags of one repository with one change of its ledger.
func (f Flow) recordAll(ctx context.Context, refs []image.Reference) ([]Sighted, error) {
	var (
		all  []Sighted
		news []Sighted // that the ledger may not know
		errs []error
	)
	for _, ref := range refs {
		d, err := f.Registry.Resolve(ctx, ref)
		if errors.Is(err, image.ErrNotFound) {
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("record %s: %w", ref, err))
			continue
		}
		s := Sighted{Ref: ref, Digest: d.Digest}
		all = append(all, s)
		if !f.knows(s) {
			news = append(news, s)
		}
	}
	if len(news) == 0 {
		return all, errors.Join(errs...)
	}
	told, err := f.tell(ctx, news)
	if err != nil {
		return without(all, news), errors.Join(append(errs, fmt.Errorf("record %s: %w", news[0].Ref, err))...)
	}
	for i, s := range all {
		all[i].New = told[s.Ref]
	}
	return all, errors.Join(errs...)
}

// knows reports whether a sight is in the ledger, as far as is remembered.
func (f Flow) knows(s Sighted) bool {
	if f.Seen == nil {
		return false
	}
	digest, ok := f.Seen.Sight(s.Ref)
	return ok && digest == s.Digest
}

// tell writes what the ledger of a repository does not know yet.
func (f Flow) tell(ctx context.Context, news []Sighted) (map[image.Reference]bool, error) {
	told := map[image.Reference]bool{}
	change := func(l ledger.Ledger) (ledger.Ledger, error) {
		clear(told) // it may be called again
		for _, s := range news {
			told[s.Ref] = !sees(l, s.Ref.Tag, s.Digest, f.Now)
			l = l.See(s.Ref.Tag, s.Digest, f.Now)
		}
		return l, nil
	}
	if f.DryRun {
		l, err := f.Ledgers.ReadLedger(ctx, news[0].Ref)
		if err != nil {
			return nil, ledgerError(err)
		}
		_, err = change(l)
		return told, err
	}
	if _, err := f.Ledgers.UpdateLedger(ctx, news[0].Ref, change); err != nil {
		return nil, ledgerError(err)
	}
	for _, s := range news {
		if f.Seen != nil {
			f.Seen.PutSight(s.Ref, s.Digest)
		}
	}
	return told, nil
}

// sees reports whether a ledger knows already that a published tag points at a
// digest.
func sees(l ledger.Ledger, tag string, digest image.Digest, now time.Time) bool {
	return slices.Equal(l.Sights[tag], l.See(tag, digest, now).Sights[tag])
}

// without returns all without some.
func without(all, some []Sighted) []Sighted {
	return slices.DeleteFunc(all, func(s Sighted) bool { return slices.Contains(some, s) })
}
