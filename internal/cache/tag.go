package cache

import (
	"cmp"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// maxHistory is how many digests are kept for one tag.
const maxHistory = 50

// Sighting is when a digest was first seen behind a tag.
type Sighting struct {
	Digest    image.Digest `json:"digest"`
	FirstSeen time.Time    `json:"firstSeen"` // UTC
}

// tag is what is known about one tag of a repository.
type tag struct {
	Used    day        `json:"used"`
	Seen    []Sighting `json:"seen"` // the oldest first, then by digest; at most maxHistory
	current []image.Digest
}

// Observe records that ref's tag points at digest now. The first sight of a
// digest stays; one that lies in the future, by the clock of another machine,
// becomes now. Of more than 50 digests behind a tag the oldest are forgotten,
// but never one that this run has seen. A digest in ref is ignored, and a
// missing tag is latest.
func (c *Cache) Observe(ref image.Reference, digest image.Digest, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := keyOf(ref)
	t, ok := c.tags[key]
	if !ok {
		t = &tag{}
		c.tags[key] = t
	}
	t.Used = t.Used.refreshed(c.now)
	if !slices.Contains(t.current, digest) {
		t.current = append(t.current, digest)
	}
	t.add(Sighting{Digest: digest, FirstSeen: now.UTC().Round(0)})
	t.bound(maxHistory)
}

// FirstSeen returns when digest was first seen behind ref's tag; false where
// it has not been.
func (c *Cache) FirstSeen(ref image.Reference, digest image.Digest) (time.Time, bool) {
	for _, s := range c.History(ref) {
		if s.Digest == digest {
			return s.FirstSeen, true
		}
	}
	return time.Time{}, false
}

// History returns the digests that have been seen behind ref's tag, the oldest
// first.
func (c *Cache) History(ref image.Reference) []Sighting {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.tags[keyOf(ref)]
	if !ok {
		return nil
	}
	return slices.Clone(t.Seen)
}

// keyOf names ref's tag: docker.io/library/debian:12.
func keyOf(ref image.Reference) string {
	return ref.Tagged(cmp.Or(ref.Tag, image.LatestTag)).String()
}

// add puts s into the history, in its place; the earlier of two sights of the
// same digest counts.
func (t *tag) add(s Sighting) {
	same := func(other Sighting) bool { return other.Digest == s.Digest }
	if i := slices.IndexFunc(t.Seen, same); i >= 0 {
		if !s.FirstSeen.Before(t.Seen[i].FirstSeen) {
			return
		}
		t.Seen = slices.Delete(t.Seen, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(t.Seen, s, compare)
	t.Seen = slices.Insert(t.Seen, i, s)
}

func compare(a, b Sighting) int {
	return cmp.Or(a.FirstSeen.Compare(b.FirstSeen), cmp.Compare(a.Digest, b.Digest))
}

// bound forgets the oldest sightings but limit, and never one of this run.
func (t *tag) bound(limit int) {
	surplus := len(t.Seen) - limit
	t.Seen = slices.DeleteFunc(t.Seen, func(s Sighting) bool {
		if surplus <= 0 || slices.Contains(t.current, s.Digest) {
			return false
		}
		surplus--
		return true
	})
}
