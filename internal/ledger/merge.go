package ledger

import (
	"cmp"
	"slices"
)

// Merge returns what two ledgers of one repository remember together. In which
// order ledgers are merged, and how often, makes no difference. Of two records
// of a tag the one with the later time stays, which can only delay a deletion;
// at the same time, the larger digest.
func Merge(a, b Ledger) Ledger {
	a, b = a.normal(), b.normal()
	all := Ledger{Past: slices.Concat(a.Past, b.Past), Finished: slices.Concat(a.Finished, b.Finished)}
	records := slices.Concat(a.Records, b.Records)
	slices.SortFunc(records, func(a, b Record) int { return cmp.Or(cmp.Compare(a.Tag, b.Tag), -byAge(a, b)) })
	all.Records = slices.CompactFunc(records, func(a, b Record) bool { return a.Tag == b.Tag })
	for _, l := range []Ledger{a, b} {
		for tag, seen := range l.Sights {
			put(&all.Sights, tag, slices.Concat(all.Sights[tag], seen))
		}
		for template, number := range l.Numbers {
			put(&all.Numbers, template, max(all.Numbers[template], number))
		}
	}
	return all.normal()
}

// byAge orders records of one tag: by time, then by all else, so that no two
// that differ are the same.
func byAge(a, b Record) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Digest, b.Digest),
		cmp.Compare(a.From, b.From), cmp.Compare(a.By, b.By), cmp.Compare(a.ReplacedBy, b.ReplacedBy))
}
