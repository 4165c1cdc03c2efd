package ledger

import (
	"cmp"
	"slices"
)

// normal returns l in order, with times in whole seconds, and nil for all that
// is empty.
func (l Ledger) normal() Ledger {
	n := Ledger{Records: filled(l.Records), Past: past(l.Past), Finished: filled(l.Finished)}
	for i, r := range n.Records {
		n.Records[i] = r.Normal()
	}
	slices.SortStableFunc(n.Records, func(a, b Record) int { return cmp.Compare(a.Tag, b.Tag) })
	slices.Sort(n.Finished)
	n.Finished = slices.Compact(n.Finished)
	for tag, seen := range l.Sights {
		if seen = inOrder(seen); len(seen) > 0 {
			put(&n.Sights, tag, seen)
		}
	}
	for template, number := range l.Numbers {
		if number > 0 {
			put(&n.Numbers, template, number)
		}
	}
	return n
}

// past returns the newest records of deleted versions, each once, oldest first.
func past(all []Record) []Record {
	all = filled(all)
	for i, r := range all {
		all[i] = r.Normal()
	}
	slices.SortFunc(all, func(a, b Record) int { return cmp.Or(byAge(a, b), cmp.Compare(a.Tag, b.Tag)) })
	all = slices.Compact(all)
	return all[max(0, len(all)-MaxPast):]
}

// inOrder returns the newest sights, each once, oldest first.
func inOrder(seen []Sight) []Sight {
	seen = filled(seen)
	for i := range seen {
		seen[i].At = stamp(seen[i].At)
	}
	slices.SortFunc(seen, bySight)
	return newest(slices.Compact(seen))
}

// filled returns a copy of s; of an empty one, nil.
func filled[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return slices.Clone(s)
}

func put[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}
