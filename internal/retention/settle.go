package retention

import (
	"maps"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// settle finds out what goes with what goes, and what stays with what stays.
// What both want stays.
func (d *decider) settle() {
	d.doom()
	roots := map[image.Digest]bool{}
	for digest := range d.anchors {
		roots[digest] = true
	}
	for _, j := range d.judged {
		if j.Keep {
			roots[j.Digest] = true
		}
	}
	all := func(image.Digest) bool { return true }
	d.live = d.reach(roots, all)
	if d.addUntagged(roots) {
		d.live = d.reach(roots, all)
	}
	if d.addUndecided(roots) {
		d.live = d.reach(roots, all)
	}
}

// doom finds out what goes unless something keeps it: expired tags' digests,
// old untagged manifests, and whatever belongs to those.
func (d *decider) doom() {
	dying := map[image.Digest]bool{}
	for _, j := range d.judged {
		if !j.Keep && !j.waits {
			dying[j.Digest] = true
		}
	}
	d.doomed = d.reach(dying, d.known)
	for _, j := range d.untagged {
		if _, doomed := d.doomed[j.Digest]; !doomed && !j.Keep && !j.waits {
			dying[j.Digest] = true
		}
	}
	d.doomed = d.reach(dying, d.known)
}

// addUntagged adds the untagged manifests that are kept for their own sake: not
// those that go with something, if the policy is all that would keep them.
func (d *decider) addUntagged(roots map[image.Digest]bool) bool {
	n := len(roots)
	for _, j := range d.untagged {
		_, doomed := d.doomed[j.Digest]
		_, live := d.live[j.Digest]
		if live || j.waits && doomed {
			continue
		}
		if j.Keep {
			roots[j.Digest] = true
		}
	}
	return len(roots) > n
}

// addUndecided adds the companions of what neither goes nor stays, such as two
// that belong to each other: what is not known keeps.
func (d *decider) addUndecided(roots map[image.Digest]bool) bool {
	n := len(roots)
	for _, j := range d.judged {
		if j.waits && !d.decided(j.subject) {
			roots[j.Digest] = true
		}
	}
	for _, j := range d.untagged {
		if j.waits && !d.decided(j.Digest) {
			roots[j.Digest] = true
		}
	}
	return len(roots) > n
}

func (d *decider) decided(digest image.Digest) bool {
	_, live := d.live[digest]
	_, doomed := d.doomed[digest]
	return live || doomed
}

// dead reports whether a digest goes.
func (d *decider) dead(digest image.Digest) bool {
	_, live := d.live[digest]
	_, doomed := d.doomed[digest]
	return doomed && !live
}

// judgeCompanions gives companion tags the fate of what they belong to.
func (d *decider) judgeCompanions() {
	for i, j := range d.judged {
		if !j.waits {
			continue
		}
		_, live := d.live[j.subject]
		switch {
		case d.dead(j.subject):
			d.judged[i] = j.gone(WithImage, "belongs to "+d.name(j.subject, false)+", which goes")
		case live:
			d.judged[i] = j.kept(Companion, "belongs to "+d.name(j.subject, true)+", which is kept")
		default:
			d.judged[i] = j.kept(Companion, "belongs to "+short(j.subject)+", about which nothing is decided")
		}
	}
}

// share keeps tags that the registry cannot delete without losing a digest that
// stays: all of them where single tags cannot be deleted, and where the digest
// goes with its last tag the newest one.
func (d *decider) share() {
	if d.facts.TagDelete && !d.facts.LastTagDeletes {
		return
	}
	for _, digest := range slices.Sorted(maps.Keys(d.on)) {
		on := d.on[digest]
		if d.dead(digest) {
			continue
		}
		kept := slices.IndexFunc(on, func(i int) bool { return d.judged[i].Keep })
		switch {
		case kept >= 0 && d.facts.TagDelete:
		case kept >= 0:
			text := "the registry cannot delete it without " + clean(d.tags[on[kept]].Name) + ", which is kept"
			d.keepAll(on, Shared, text)
		case d.facts.TagDelete:
			d.keepAll([]int{d.newestOf(on)}, Reachable, d.stays(digest)+"; the registry deletes an image with its last tag")
		default:
			d.keepAll(on, Reachable, d.stays(digest)+"; the registry cannot delete a tag alone")
		}
	}
}

// stays says why a digest stays though its tags go.
func (d *decider) stays(digest image.Digest) string {
	if o, ok := d.live[digest]; ok && o.from != digest {
		return d.with(o, true)
	}
	return "what it points at stays"
}

func (d *decider) keepAll(tags []int, reason Reason, text string) {
	for _, i := range tags {
		if j := d.judged[i]; !j.Keep {
			d.judged[i] = j.kept(reason, text)
		}
	}
}

// newestOf returns the tag with the latest time; one of an image before its
// companions' tags, which have no time.
func (d *decider) newestOf(on []int) int {
	return slices.MaxFunc(on, func(a, b int) int { return d.start(a).Compare(d.start(b)) })
}

func (d *decider) start(i int) time.Time { return d.judged[i].age.start }
