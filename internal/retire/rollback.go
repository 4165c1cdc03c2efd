package retire

import (
	"context"
	"fmt"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// Back says where a published tag is to go back to.
type Back struct {
	Ref      image.Reference // the published tag; latest where it has none
	To       string          // a tag of the repository; empty for the image that was retired last
	Template ledger.Template // of the version tag of what is there now
	Moves    bool            // the template's fixed name may move on to it
	By       string          // because of what
}

// RolledBack is what became of a Back.
type RolledBack struct {
	Ref     image.Reference `json:"-"`              // the published tag
	Tag     string          `json:"tag"`            // that it went back to
	Digest  image.Digest    `json:"digest"`         // that both point at
	Left    image.Digest    `json:"left,omitempty"` // what the published tag pointed at; empty for nothing
	Kept    *Outcome        `json:"kept,omitempty"` // how that was retired
	Done    bool            `json:"done"`           // the tag was moved
	Already bool            `json:"already"`        // it was there
	Note    string          `json:"note,omitempty"` // what a person should know; empty for nothing
}

// Rollback moves a published tag back to a retired image, byte for byte, after
// what it points at now was retired.
//
// The error wraps [image.ErrNotFound] where there is no such tag or nothing was
// ever retired, and [image.ErrRefused] where the tag is no longer the image that
// was retired under it, where the published tag moved meanwhile, or where the
// registry forbids the write. Whatever happens, what the tag pointed at is
// retired first.
func (f Flow) Rollback(ctx context.Context, req Back) (RolledBack, error) {
	req.Ref = published(req.Ref)
	out, err := f.rollback(ctx, req)
	if err != nil {
		return out, fmt.Errorf("roll %s back: %w", req.Ref, err)
	}
	return out, nil
}

func (f Flow) rollback(ctx context.Context, req Back) (RolledBack, error) {
	j, err := f.job(Request{Ref: req.Ref, Template: req.Template, Moves: req.Moves, By: req.By})
	if err != nil {
		return RolledBack{}, err
	}
	if j.digest, err = j.pointsAt(ctx, req.Ref.Tag); err != nil {
		return RolledBack{}, err
	}
	j.present, j.until = j.digest, f.Now
	l, err := f.Ledgers.ReadLedger(ctx, req.Ref)
	if err != nil {
		return RolledBack{}, ledgerError(err)
	}
	if req.To == "" {
		req.To = j.halfway(l)
	}
	to, err := j.earlier(ctx, l, req.To)
	if err != nil {
		return RolledBack{}, err
	}
	out := RolledBack{Ref: req.Ref, Tag: to.tag, Digest: to.digest, Left: j.present, Note: to.note}
	if out.Already = to.digest == j.present; out.Already {
		return out, j.see(ctx, l)
	}
	if j.present != "" {
		j.record.ReplacedBy = to.digest
		kept, err := j.run(ctx, l)
		if err != nil {
			return out, fmt.Errorf("keep what it points at now: %w", err)
		}
		out.Kept = &kept
	}
	if f.DryRun {
		return out, nil
	}
	out.Done, err = j.moveBack(ctx, to)
	return out, err
}

// halfway returns the version that a rollback moved the published tag to before
// it was cut off; empty for none. The ledger has last seen the image there that
// was retired for it: to go back from here would undo what is not yet done.
func (j *job) halfway(l ledger.Ledger) string {
	sights := l.Sights[j.ref.Tag]
	if len(sights) == 0 || j.present == "" {
		return ""
	}
	for _, left := range l.Retired(sights[len(sights)-1].Digest, j.ref.Tag) {
		if left.Digest == j.present || left.ReplacedBy != j.present {
			continue
		}
		for _, to := range l.Retired(j.present, j.ref.Tag) {
			return to.Tag
		}
	}
	return ""
}

// moveBack points the published tag at an earlier image, if it still is where
// it was, and records that.
func (j *job) moveBack(ctx context.Context, to earlier) (done bool, err error) {
	at, err := j.pointsAt(ctx, j.ref.Tag)
	if err != nil {
		return false, err
	}
	if at != j.present {
		return false, refuse("%s moved from %s to %s meanwhile and was left there; look at it and run again", j.ref.Tag, orNothing(j.present), orNothing(at))
	}
	if err := j.write(ctx, j.ref.Tag, to.mediaType, to.body, to.digest); err != nil {
		return false, err
	}
	_, err = j.Ledgers.UpdateLedger(ctx, j.ref, func(l ledger.Ledger) (ledger.Ledger, error) {
		return l.See(j.ref.Tag, to.digest, j.Now), nil
	})
	if err != nil {
		return true, fmt.Errorf("it was moved, but not recorded: %w", ledgerError(err))
	}
	return true, nil
}

func orNothing(d image.Digest) string {
	if d == "" {
		return "nothing"
	}
	return d.String()
}
