package retention

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/maruel/natural"

	"github.com/basekeeper/basekeeper/internal/image"
)

// rank is a digest among those that the newest N are taken from.
type rank struct {
	digest image.Digest
	start  time.Time // of its youngest tag
	name   string    // of its tags, the last as people order them: v10 comes after v9
	tags   []int
}

// keepNewest keeps the tags of the newest digests. A digest that another tag
// keeps anyway does not use up one of the N.
func (d *decider) keepNewest() {
	counted := 0
	for _, r := range d.ranks() {
		if counted >= d.policy.KeepLast {
			return
		}
		for _, i := range r.tags {
			if j := d.judged[i]; j.Reason != Unknown {
				d.judged[i] = j.kept(Newest, "among the newest "+strconv.Itoa(d.policy.KeepLast)+", "+j.age.text)
			}
		}
		if !d.keptAnyway(r.digest) {
			counted++
		}
	}
}

// ranks returns the digests that only age keeps, the youngest first. An age
// that is not known counts from now, as it will once it is recorded; no clock
// that is ahead makes anything younger than that. Of the same age, as all are
// that were found together, the later by name counts as the younger.
func (d *decider) ranks() []rank {
	place := map[image.Digest]int{}
	var all []rank
	for i, j := range d.judged {
		if !j.ranks {
			continue
		}
		at, ok := place[j.Digest]
		if !ok {
			at = len(all)
			place[j.Digest] = at
			all = append(all, rank{digest: j.Digest})
		}
		r := &all[at]
		r.tags = append(r.tags, i)
		if natural.Less(r.name, j.Tag) {
			r.name = j.Tag
		}
		start := j.age.start
		if start.IsZero() || start.After(d.now) {
			start = d.now
		}
		if start.After(r.start) {
			r.start = start
		}
	}
	slices.SortFunc(all, func(a, b rank) int {
		return cmp.Or(b.start.Compare(a.start), natural.Compare(b.name, a.name), cmp.Compare(a.digest, b.digest))
	})
	return all
}

// keptAnyway reports whether a tag keeps the digest that is not ranked itself.
func (d *decider) keptAnyway(digest image.Digest) bool {
	return slices.ContainsFunc(d.on[digest], func(i int) bool { return d.judged[i].Keep && !d.judged[i].ranks })
}
