package retention

import (
	"maps"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
)

// uses is who names what, each list in order.
type uses struct {
	tags    map[string][]string
	digests map[image.Digest][]string
}

func newUses(all []Use) uses {
	u := uses{tags: map[string][]string{}, digests: map[image.Digest][]string{}}
	for _, use := range all {
		by := clean(use.By)
		if use.Tag != "" {
			u.tags[use.Tag] = append(u.tags[use.Tag], by)
		}
		if use.Digest != "" {
			u.digests[use.Digest] = append(u.digests[use.Digest], by)
		}
	}
	for tag, by := range u.tags {
		u.tags[tag] = unique(by)
	}
	for digest, by := range u.digests {
		u.digests[digest] = unique(by)
	}
	return u
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// of returns who names a tag, or the digest that it points at.
func (u uses) of(tag Tag) []string {
	return unique(slices.Concat(u.tags[tag.Name], u.digests[tag.Digest]))
}

// cause is why a digest is kept whatever the policy says.
type cause struct {
	reason Reason
	text   string
}

// anchor finds out which digests are kept for the sake of something that they
// contain or that refers to them: a used digest keeps the indexes around it and
// the image that it belongs to, and a companion that is kept for its own sake
// keeps its image.
func (d *decider) anchor() {
	d.anchors = map[image.Digest]cause{}
	d.climb(slices.Sorted(maps.Keys(d.uses.digests)), d.anchored(func(digest, from image.Digest) cause {
		if digest == from {
			return cause{InUse, inUse(d.uses.digests[digest])}
		}
		return cause{InUse, inUseThrough(from, d.uses.digests[from])}
	}))
	for i, tag := range d.tags {
		subject, by := d.of[i], d.uses.tags[tag.Name]
		if subject == "" || len(by) == 0 && !d.fixed(tag.Name) {
			continue
		}
		d.climb([]image.Digest{subject}, d.anchored(func(image.Digest, image.Digest) cause {
			if len(by) > 0 {
				return cause{InUse, inUseThrough(tag.Digest, by)}
			}
			return cause{Reachable, "kept with " + clean(tag.Name) + ", which belongs to it"}
		}))
	}
}

// anchored notes a cause for each digest that has none yet.
func (d *decider) anchored(why func(digest, from image.Digest) cause) func(digest, from image.Digest) bool {
	return func(digest, from image.Digest) bool {
		if _, ok := d.anchors[digest]; ok {
			return false
		}
		d.anchors[digest] = why(digest, from)
		return true
	}
}
