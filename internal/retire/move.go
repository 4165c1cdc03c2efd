package retire

import (
	"context"

	"github.com/basekeeper/basekeeper/internal/ledger"
)

// move keeps the digest that a fixed name leaves under the next number. The
// name itself is written by the next round.
func (j *job) move(ctx context.Context, l ledger.Ledger, t target) (again bool, err error) {
	before, _ := l.Record(t.tag)
	if before.Digest != t.leaves {
		before = ledger.Record{}
	}
	left := &job{
		Flow: j.Flow, ref: j.ref, digest: t.leaves, template: numbered, anywhere: true, leaving: t.tag,
		record: ledger.Record{From: before.From, By: before.By, ReplacedBy: before.ReplacedBy},
	}
	out, err := left.run(ctx, l)
	if err != nil {
		return false, err
	}
	j.moved = &Moved{Tag: t.tag, Digest: t.leaves, Kept: out.Tag}
	j.wrote = j.wrote || left.wrote
	return left.wrote, nil
}
