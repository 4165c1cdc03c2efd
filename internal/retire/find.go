package retire

import (
	"context"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// renewAfter is how old the record of an image may be that is still published
// when it is retired again: its time counts from when it really goes.
const renewAfter = 24 * time.Hour

// found is what the ledger and the registry already have for a digest.
type found struct {
	tag    string          // that is its own, or is to be; empty for none
	kept   bool            // tag points at it
	renew  bool            // its record has to be written anew
	others []ledger.Record // of tags that the ledger took for the digest's, as they are now
}

// find looks for a tag that the digest was retired under before, or was going
// to be when a run was cut off.
func (j *job) find(ctx context.Context, l ledger.Ledger) (found, error) {
	var have found
	for _, r := range j.candidates(l) {
		at, err := j.pointsAt(ctx, r.Tag)
		switch {
		case err != nil:
			return found{}, err
		case at == j.digest:
			have.tag, have.kept, have.renew = r.Tag, true, j.renews(l, r)
			return have, nil
		case at != "":
			have.others = append(have.others, ledger.Record{Tag: r.Tag, Digest: at, At: j.Now})
		case have.tag == "" && j.template.Fits(r.Tag):
			have.tag = r.Tag
		}
	}
	return have, nil
}

// candidates are the records of the digest that this job may call its own, and
// the tags that it put without one.
func (j *job) candidates(l ledger.Ledger) []ledger.Record {
	var all []ledger.Record
	for _, r := range l.Records {
		if r.Digest == j.digest && r.Tag != j.leaving && (j.anywhere || j.owns(r)) {
			all = append(all, r)
		}
	}
	for _, tag := range j.put {
		if _, claimed := l.Record(tag); !claimed {
			all = append(all, ledger.Record{Tag: tag, Digest: j.digest})
		}
	}
	return all
}

// owns reports whether a record of the digest is of a retirement such as this
// one, or of nobody's and looks like one.
func (j *job) owns(r ledger.Record) bool {
	return r.From == j.record.From || r.From == "" && j.template.Fits(r.Tag)
}

// renews reports whether the record of a tag that is there has to be written
// anew: it says nothing of where the tag is from, or the image was published
// again, or still is, long after it was retired.
func (j *job) renews(l ledger.Ledger, r ledger.Record) bool {
	if _, recorded := l.Record(r.Tag); !recorded {
		return true
	}
	if j.anywhere {
		return false
	}
	if r.From == "" || j.present == j.digest && j.Now.Sub(r.At) > renewAfter {
		return true
	}
	return slices.ContainsFunc(l.Sights[r.From], func(s ledger.Sight) bool {
		return s.Digest == j.digest && s.At.After(r.At)
	})
}

// clean returns l without what it says wrongly of other images' tags: one that
// looks numbered is recorded as found now, any other is forgotten.
func (j *job) clean(l ledger.Ledger, others []ledger.Record) ledger.Ledger {
	for _, r := range others {
		if _, numbered := j.template.Number(r.Tag); numbered {
			l = l.With(r)
		} else {
			l = l.Without(r.Tag)
		}
	}
	return l
}

// target is the tag that a digest is to get.
type target struct {
	tag    string
	number int          // that the template used; 0 for none
	leaves image.Digest // what the tag points at and may leave; empty for nothing
}
