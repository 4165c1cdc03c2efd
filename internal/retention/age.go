package retention

import (
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/ledger"
)

// age is what is known about the time of a tag that may expire.
type age struct {
	start time.Time // zero where unknown
	text  string    // what happened then: retired 41 days ago by acme/app#12
	moved bool      // there is a record, of another digest
	adopt bool      // there is no record that counts
	may   bool      // the tag may expire at all
}

// age looks up since when a tag has been what it is. Of several times the
// latest counts, which keeps longest.
func (d *decider) age(tag Tag) age {
	record, recorded := d.facts.Ledger.Record(tag.Name)
	valid := recorded && record.Digest == tag.Digest
	a := age{moved: recorded && !valid, may: valid || d.policy.Expires != nil && d.policy.Expires(tag.Name)}
	a.adopt = a.may && (!valid || record.At.IsZero())
	if valid {
		a.start, a.text = record.At, d.began(record)
	}
	if tag.Since.After(a.start) {
		a.start, a.text = tag.Since, "tagged "+d.ago(tag.Since)
	}
	if back := d.facts.Returned[tag.Name]; !a.start.IsZero() && back.After(a.start) {
		a.start, a.text = back, "deleted "+d.ago(back)+" and there again"
	}
	return a
}

// began says how a record came about.
func (d *decider) began(r ledger.Record) string {
	text := "first seen "
	if r.From != "" {
		text = "retired "
	}
	text += d.ago(r.At)
	if by := clean(r.By); by != "" {
		text += " by " + by
	}
	return text
}

// expiry returns when what began at start may go; zero for never.
func (d *decider) expiry(start time.Time) time.Time {
	if start.IsZero() || d.policy.KeepFor <= 0 {
		return time.Time{}
	}
	return start.Add(max(d.policy.KeepFor, d.policy.MinimumAge))
}

// fixed reports whether a tag is never deleted.
func (d *decider) fixed(tag string) bool { return d.published(tag) || d.protected(tag) }

func (d *decider) published(tag string) bool { return slices.Contains(d.policy.Published, tag) }

func (d *decider) protected(tag string) bool {
	return d.policy.Protected != nil && d.policy.Protected(tag)
}
