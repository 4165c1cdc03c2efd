package ledger

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Sight is a digest that a published tag was seen to point at.
type Sight struct {
	Digest image.Digest `json:"digest"`
	At     time.Time    `json:"at"` // seen first, as far as is known; UTC, whole seconds
}

// MaxSights bounds how many digests are remembered of one published tag.
const MaxSights = 20

// See returns l with a sight of what a published tag points at. It goes where
// its own time puts it, whichever others are there by now: a slow writer may
// be late, and a clock ahead of the others must not hide what they see for as
// long as it is ahead. Nothing changes where the sight before it is of the
// same digest. In one second two digests are never seen first: the one that is
// reported later gets the next second. The oldest sights give way when there
// are more than [MaxSights].
func (l Ledger) See(tag string, digest image.Digest, at time.Time) Ledger {
	seen, at := l.Sights[tag], stamp(at)
	later, _ := slices.BinarySearchFunc(seen, at.Add(time.Second), func(s Sight, t time.Time) int { return s.At.Compare(t) })
	switch {
	case later > 0 && seen[later-1].Digest == digest:
		return l
	case later > 0 && seen[later-1].At.Equal(at):
		return l.See(tag, digest, at.Add(time.Second))
	}
	sights := maps.Clone(l.Sights)
	if sights == nil {
		sights = map[string][]Sight{}
	}
	sights[tag] = newest(slices.Insert(slices.Clone(seen), later, Sight{Digest: digest, At: at}))
	l.Sights = sights
	return l
}

// Before returns what a published tag pointed at, as far as it was seen, at a
// time: the newest sight that is not later. A sight of the very same second
// may be from after it and does not count.
func (l Ledger) Before(tag string, at time.Time) (Sight, bool) {
	seen := l.Sights[tag]
	for i := len(seen) - 1; i >= 0; i-- {
		if seen[i].At.Before(stamp(at)) {
			return seen[i], true
		}
	}
	return Sight{}, false
}

// newest returns the newest of seen, which is in order.
func newest(seen []Sight) []Sight { return seen[max(0, len(seen)-MaxSights):] }

// bySight is the order of sights: by time; where that is the same, as in
// ledgers that were merged, by digest.
func bySight(a, b Sight) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Digest, b.Digest))
}

// UseNumber returns l with number as used by a template. Numbers are never
// used twice: a lower one changes nothing.
func (l Ledger) UseNumber(template string, number int) Ledger {
	if l.Numbers[template] >= number {
		return l
	}
	numbers := maps.Clone(l.Numbers)
	if numbers == nil {
		numbers = map[string]int{}
	}
	numbers[template] = number
	l.Numbers = numbers
	return l
}

// Finish returns l with the trash artifact under that tag as carried out; of
// the earlier ones only those in existing are remembered further.
func (l Ledger) Finish(trash string, existing []string) Ledger {
	var kept []string
	for _, tag := range l.Finished {
		if tag != trash && slices.Contains(existing, tag) {
			kept = append(kept, tag)
		}
	}
	if trash != "" {
		kept = append(kept, trash)
	}
	slices.Sort(kept)
	l.Finished = kept
	return l
}
