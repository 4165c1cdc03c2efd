package ledger

import (
	"maps"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// See returns l with a sight of what a published tag points at. A digest that
// is the last one seen already changes nothing. The oldest sights give way when
// there are more than [MaxSights].
func (l Ledger) See(tag string, digest image.Digest, at time.Time) Ledger {
	seen := l.Sights[tag]
	if n := len(seen); n > 0 && seen[n-1].Digest == digest {
		return l
	}
	seen = append(slices.Clone(seen), Sight{Digest: digest, At: stamp(at)})
	slices.SortStableFunc(seen, func(a, b Sight) int { return a.At.Compare(b.At) })
	if len(seen) > MaxSights {
		seen = seen[len(seen)-MaxSights:]
	}
	sights := maps.Clone(l.Sights)
	if sights == nil {
		sights = map[string][]Sight{}
	}
	sights[tag] = seen
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
