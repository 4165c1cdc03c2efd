package retire

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// tags reads and writes what tags point at.
type tags interface {
	Resolve(ctx context.Context, ref image.Reference) (image.Descriptor, error)
	Tags(ctx context.Context, ref image.Reference) ([]string, error)
	PutManifest(ctx context.Context, ref image.Reference, mediaType string, body []byte) (image.Digest, error)
}

// manifests reads images: by tag, by digest, and what they say of themselves.
type manifests interface {
	Fetch(ctx context.Context, ref image.Reference) ([]byte, image.Descriptor, error)
	Manifest(ctx context.Context, ref image.Reference) ([]byte, image.Descriptor, error)
	Details(ctx context.Context, ref image.Reference) (image.Details, error)
}

// Registry is what the flow needs of registries.
type Registry interface {
	tags
	manifests
}

// Ledgers keeps the ledger of a repository, which any tag of it names.
type Ledgers interface {
	ledgerReader
	ledgerWriter
}

type ledgerReader interface {
	// ReadLedger returns an empty ledger where there is none.
	ReadLedger(ctx context.Context, ref image.Reference) (ledger.Ledger, error)
	// Holds reports whether the registry's ledger still is l.
	Holds(ctx context.Context, ref image.Reference, l ledger.Ledger) (bool, error)
}

type ledgerWriter interface {
	WriteLedger(ctx context.Context, ref image.Reference, l ledger.Ledger) error
	// UpdateLedger writes nothing where change changes nothing.
	UpdateLedger(ctx context.Context, ref image.Reference, change func(ledger.Ledger) (ledger.Ledger, error)) (ledger.Ledger, error)
}

// seen remembers between runs what the ledgers already know.
type seen interface {
	Sight(ref image.Reference) (image.Digest, bool)
	PutSight(ref image.Reference, digest image.Digest)
}

// Flow is one run.
type Flow struct {
	Registry Registry
	Ledgers  Ledgers
	Seen     seen      // for Record; nil asks each ledger
	Now      time.Time // of the run; what is retired counts from then
	DryRun   bool      // decide and report; write nothing

	// MayAsk says which registries may be asked about the base that an image
	// names; nil means only the image's own.
	MayAsk func(registry string) bool
}

// Request is an image that is to be kept.
type Request struct {
	Ref        image.Reference // the published tag; latest where it has none
	Digest     image.Digest    // of the image to keep; empty for what Ref points at now
	Template   ledger.Template // of the version tag
	Moves      bool            // the template's fixed name may move on to this image
	By         string          // because of what: acme/app#12
	ReplacedBy image.Digest    // what Ref points at instead, where that is known
}

// Outcome is what became of a Request.
type Outcome struct {
	Ref     image.Reference `json:"-"`                // the published tag
	Tag     string          `json:"tag,omitempty"`    // the version tag; empty where nothing was kept
	Digest  image.Digest    `json:"digest,omitempty"` // that it points at
	Done    bool            `json:"done"`             // something was written
	Already bool            `json:"already"`          // it had been retired before
	Moved   *Moved          `json:"moved,omitempty"`  // the fixed name's move, if there was one
	Note    string          `json:"note,omitempty"`   // what a person should know; empty for nothing
}

// Moved says what a fixed name left when it moved.
type Moved struct {
	Tag    string       `json:"tag"`    // the name
	Digest image.Digest `json:"digest"` // that it left
	Kept   string       `json:"kept"`   // the tag under which that is kept
}

// Retire gives the image that req names a version tag, byte for byte the same
// manifest, and records that in the ledger. An image that was retired from the
// same tag before is left as it is; one that was cut off half-way is completed.
//
// The error wraps [image.ErrNotFound] where the registry does not have the
// image, [image.ErrRefused] where the version tag belongs to another image, the
// template yields none, or the registry forbids the write, and
// [image.ErrDenied] where the credentials do.
func (f Flow) Retire(ctx context.Context, req Request) (Outcome, error) {
	req.Ref = published(req.Ref)
	out, err := f.retire(ctx, req)
	if err != nil {
		return out, fmt.Errorf("retire %s: %w", req.Ref, err)
	}
	return out, nil
}

func (f Flow) retire(ctx context.Context, req Request) (Outcome, error) {
	j, err := f.job(req)
	if err != nil {
		return Outcome{}, err
	}
	if req.Digest == "" {
		body, d, err := f.Registry.Fetch(ctx, req.Ref)
		if err != nil {
			return Outcome{}, err
		}
		j.digest, j.present, j.until = d.Digest, d.Digest, f.Now
		j.body, j.mediaType = body, d.MediaType
	}
	l, err := f.Ledgers.ReadLedger(ctx, req.Ref)
	if err != nil {
		return Outcome{}, ledgerError(err)
	}
	return j.run(ctx, l)
}

// published is the tag that ref names, without a digest.
func published(ref image.Reference) image.Reference {
	if ref.Tag == "" {
		return ref.Tagged(image.LatestTag)
	}
	return ref.Tagged(ref.Tag)
}

// errGone says that a digest is no longer there; it is what
// [image.ErrNotFound] means for one.
type errGone struct{ digest image.Digest }

func (e errGone) Error() string {
	return fmt.Sprintf("the registry no longer has %s; retire an image right before the next one is pushed", e.digest)
}

func (errGone) Unwrap() error { return image.ErrNotFound }

// refusal is a rule of ours that says no; callers see image.ErrRefused, whose
// own words are about the registry and would mislead.
type refusal struct{ cause error }

func (r refusal) Error() string { return r.cause.Error() }

func (r refusal) Unwrap() []error { return []error{image.ErrRefused, r.cause} }

func refuse(format string, args ...any) error { return refusal{fmt.Errorf(format, args...)} }

// forbidden reports whether the registry said that a write may not be.
func forbidden(err error) bool {
	return errors.Is(err, image.ErrRefused) || errors.Is(err, image.ErrDenied)
}
