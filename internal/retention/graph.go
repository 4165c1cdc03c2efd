package retention

import (
	"maps"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
)

// graph is what holds together in a repository, in both directions. All lists
// are in the order of their digests, each digest once.
type graph struct {
	parts      links // of an index: its children
	wholes     links // the indexes that contain a digest
	companions links // referrers of a digest, and what its companion tags point at
	subjects   links // what a manifest refers to
}

type links map[image.Digest][]image.Digest

func (l links) add(from, to image.Digest) { l[from] = append(l[from], to) }

// tidy puts all lists in order.
func (l links) tidy() {
	for from, to := range l {
		slices.Sort(to)
		l[from] = slices.Compact(to)
	}
}

// newGraph links manifests and referrers. Companion tags are added with
// attach, then tidy puts all in order.
func newGraph(f Facts) graph {
	g := graph{parts: links{}, wholes: links{}, companions: links{}, subjects: links{}}
	for digest, m := range f.Manifests {
		for _, child := range m.Children {
			g.parts.add(digest, child)
			g.wholes.add(child, digest)
		}
		if m.Subject != "" {
			g.attach(digest, m.Subject)
		}
	}
	for subject, referrers := range f.Referrers {
		for _, referrer := range referrers {
			g.attach(referrer, subject)
		}
	}
	return g
}

func (g graph) attach(companion, subject image.Digest) {
	g.companions.add(subject, companion)
	g.subjects.add(companion, subject)
}

func (g graph) tidy() {
	for _, l := range []links{g.parts, g.wholes, g.companions, g.subjects} {
		l.tidy()
	}
}

// origin says how a digest was reached.
type origin struct {
	from    image.Digest // where the way began; the digest itself for a beginning
	belongs bool         // the last step led to a companion, not to a part
}

// reach returns everything that lives with the digests it begins from: their
// parts and companions, and the parts and companions of those. It enters only
// what enter allows.
func (g graph) reach(begin map[image.Digest]bool, enter func(image.Digest) bool) map[image.Digest]origin {
	reached := map[image.Digest]origin{}
	queue := slices.Sorted(maps.Keys(begin))
	for _, digest := range queue {
		reached[digest] = origin{from: digest}
	}
	visit := func(digest image.Digest, o origin) {
		if _, ok := reached[digest]; !ok && enter(digest) {
			reached[digest] = o
			queue = append(queue, digest)
		}
	}
	for len(queue) > 0 {
		digest := queue[0]
		queue = queue[1:]
		from := reached[digest].from
		for _, part := range g.parts[digest] {
			visit(part, origin{from: from})
		}
		for _, companion := range g.companions[digest] {
			visit(companion, origin{from: from, belongs: true})
		}
	}
	return reached
}

// climb visits the digests it begins from, and everything that contains one or
// that one refers to, and so on; each is visited once, with the digest that the
// way began from. Visit tells whether to go on from there.
func (g graph) climb(begin []image.Digest, visit func(digest, from image.Digest) bool) {
	type step struct{ digest, from image.Digest }
	var queue []step
	push := func(digest, from image.Digest) {
		if visit(digest, from) {
			queue = append(queue, step{digest, from})
		}
	}
	for _, digest := range begin {
		push(digest, digest)
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for _, whole := range g.wholes[s.digest] {
			push(whole, s.from)
		}
		for _, subject := range g.subjects[s.digest] {
			push(subject, s.from)
		}
	}
}
