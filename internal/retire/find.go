package retire

import (
	"context"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// renewAfter is how old the record of an image may be when the image is known
// to have been published still: its time counts from when it really goes.
const renewAfter = 24 * time.Hour

// found is what the ledger and the registry already have for a digest.
type found struct {
	tag    string          // that is its own, or is to be; empty for none
	kept   bool            // tag points at it
	renew  bool            // its record has to be written anew
	others []ledger.Record // of tags that the ledger takes for another image's, as they are now
}

// find looks for a tag that the digest was retired under before, or was going
// to be when a run was cut off.
func (j *job) find(ctx context.Context, l ledger.Ledger) (found, error) {
	var have found
	for _, tag := range j.candidates(l) {
		at, err := j.pointsAt(ctx, tag)
		if err != nil {
			return found{}, err
		}
		r, _ := l.Record(tag)
		switch {
		case at == j.digest && !have.kept:
			have.tag, have.kept, have.renew = tag, true, j.renews(l, r)
		case at == "" && r.Digest == j.digest && have.tag == "" && j.template.Fits(tag):
			have.tag = tag
		case at != "" && r.Digest != "" && r.Digest != at:
			have.others = append(have.others, ledger.Record{Tag: tag, Digest: at, At: j.Now})
		}
	}
	have.renew = have.renew || len(have.others) > 0
	return have, nil
}

// candidates are the tags of the records that this job may call its own, and
// those over which it met others.
func (j *job) candidates(l ledger.Ledger) []string {
	all := slices.Concat(j.put, j.taken)
	for _, r := range l.Records {
		if r.Digest == j.digest && r.Tag != j.leaving && (j.anywhere || j.owns(r)) && !slices.Contains(all, r.Tag) {
			all = append(all, r.Tag)
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
// anew: it is another's or says nothing of where the tag is from, or the image
// was published again, or still was, long after it was retired. A sight of a
// clock that is ahead says nothing.
func (j *job) renews(l ledger.Ledger, r ledger.Record) bool {
	switch {
	case r.Digest != j.digest:
		return true
	case j.anywhere:
		return false
	case r.From == "", j.until.Sub(r.At) > renewAfter:
		return true
	}
	return slices.ContainsFunc(l.Sights[r.From], func(s ledger.Sight) bool {
		return s.Digest == j.digest && s.At.After(r.At) && !s.At.After(j.Now)
	})
}

// clean returns l without what it says wrongly of other images' tags: one that
// looks like a version is recorded as found now, any other is forgotten.
func (j *job) clean(l ledger.Ledger, others []ledger.Record) ledger.Ledger {
	for _, r := range others {
		if j.template.Fits(r.Tag) && r.Tag != j.ref.Tag {
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
