// Package prune is the flow that deletes what a repository in a registry no
// longer needs, and puts it back when that was wrong: gather facts, decide,
// save, delete, remember. Deciding is package retention's; this one asks and
// writes.
//
// A [Plan] says exactly what will be deleted. [Flow.Apply] looks at everything
// anew and does what both the plan and the new look agree on. Every manifest is
// in the trash before it is deleted, so that [Flow.Restore] can put it back.
// Each of the three may be cut off anywhere and run again.
package prune

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// lister says what a repository has.
type lister interface {
	List(ctx context.Context, ref image.Reference) (retention.Listing, error)
}

// deleter deletes; what is gone already is no error. The error wraps
// image.ErrRefused where a rule of the registry forbids it, and
// image.ErrDenied where the credentials do.
type deleter interface {
	DeleteTag(ctx context.Context, ref image.Reference) error
	DeleteManifest(ctx context.Context, ref image.Reference) error
}

// reader reads manifests and tags.
type reader interface {
	Manifest(ctx context.Context, ref image.Reference) ([]byte, image.Descriptor, error)
	Resolve(ctx context.Context, ref image.Reference) (image.Descriptor, error)
	Exists(ctx context.Context, ref image.Reference) (bool, error)
	Referrers(ctx context.Context, ref image.Reference) (all []image.Descriptor, supported bool, err error)
}

// restorer is what restoring needs besides.
type restorer interface {
	Tags(ctx context.Context, ref image.Reference) ([]string, error)
	HasBlob(ctx context.Context, ref image.Reference) (bool, error)
	PutManifest(ctx context.Context, ref image.Reference, mediaType string, body []byte) (image.Digest, error)
}

// Content is what a flow needs of registries besides listing and deleting.
type Content interface {
	reader
	restorer
}

// ledgers reads and changes the ledger of a repository.
type ledgers interface {
	ReadLedger(ctx context.Context, ref image.Reference) (ledger.Ledger, error)
	UpdateLedger(ctx context.Context, ref image.Reference, change func(ledger.Ledger) (ledger.Ledger, error)) (ledger.Ledger, error)
}

// trashes keeps what is deleted.
type trashes interface {
	WriteTrash(ctx context.Context, ref image.Reference, j trash.Journal, manifests map[image.Digest][]byte) (tag string, err error)
	ReadTrash(ctx context.Context, ref image.Reference, tag string) (trash.Journal, error)
	Saved(ctx context.Context, ref image.Reference, e trash.Entry) ([]byte, error)
}

// Store is what a flow needs of basekeeper's own artifacts.
type Store interface {
	ledgers
	trashes
}

// memory remembers what manifests name; that never changes.
type memory interface {
	Relations(digest image.Digest) (retention.Manifest, bool)
	PutRelations(digest image.Digest, m retention.Manifest)
}

// Flow is one run.
type Flow struct {
	Lister      lister
	Deleter     deleter
	Content     Content
	Store       Store
	Memory      memory    // may be nil
	Now         time.Time // of the run
	Concurrency int       // repositories at once; 0 for 4
}

// Target is a repository to prune.
type Target struct {
	Image     image.Reference  // tag and digest are ignored
	Policy    retention.Policy // what may go
	Templates []string         // of retired tags
	Uses      []retention.Use  // of the repository's images, wherever they are
	Undo      time.Duration    // how long what is deleted can be restored
}

// parallel is how many questions about one repository are under way at once;
// the registry client bounds them for each host.
const parallel = 16

// each runs do for 0..n-1, some at once, until one fails; that error comes
// back. Results go by index, so that nothing depends on timing.
func each(ctx context.Context, limit, n int, do func(ctx context.Context, i int) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(limit)
	var failed atomic.Bool
	for i := range n {
		if inner.Err() != nil || failed.Load() {
			break
		}
		group.Go(func() error {
			err := do(inner, i)
			if err != nil {
				failed.Store(true)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

func (f Flow) repositories() int {
	if f.Concurrency > 0 {
		return f.Concurrency
	}
	return 4
}

// stamp is t as plans, ledgers and journals keep it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
