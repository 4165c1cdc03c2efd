package retention

import (
	"maps"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
)

// order returns digests so that what refers comes before what it refers to,
// and an index before its children. Only companion tags can make a circle; it
// is cut somewhere, always at the same place.
func (g graph) order(digests map[image.Digest]bool) []image.Digest {
	var (
		last []image.Digest // the other way round
		seen = make(map[image.Digest]bool, len(digests))
		walk func(image.Digest)
	)
	walk = func(digest image.Digest) {
		seen[digest] = true
		for _, l := range []links{g.subjects, g.parts} {
			for _, to := range slices.Backward(l[digest]) {
				if digests[to] && !seen[to] {
					walk(to)
				}
			}
		}
		last = append(last, digest)
	}
	for _, digest := range slices.Backward(slices.Sorted(maps.Keys(digests))) {
		if !seen[digest] {
			walk(digest)
		}
	}
	slices.Reverse(last)
	return last
}
