package cache

import (
	"maps"

	"github.com/basekeeper/basekeeper/internal/image"
)

// merge takes in what another run has written.
func (c *Cache) merge(other contents) {
	c.mergeHeads(other.heads)
	c.mergeRelations(other.relations)
	c.mergeSights(other.sights)
	c.mergeFollowed(other.followed)
	for key, theirs := range other.tags {
		ours, ok := c.tags[key]
		if !ok {
			c.tags[key] = theirs
			continue
		}
		ours.Used = max(ours.Used, theirs.Used)
		for _, s := range theirs.Seen {
			ours.add(s)
		}
		ours.bound(maxHistory)
	}
	for digest, theirs := range other.manifests {
		ours, ok := c.manifests[digest]
		if !ok {
			c.manifests[digest] = theirs
			continue
		}
		used := max(ours.Used, theirs.Used)
		if len(theirs.Platforms) > len(ours.Platforms) { // a fact; the fuller record knows more
			*ours = *theirs
		}
		ours.Used = used
	}
}

// expire drops what no run has used for a year, and branches sooner.
func (c *Cache) expire() {
	c.expireHeads()
	c.expireRelations()
	c.expireSights()
	c.expireFollowed()
	maps.DeleteFunc(c.tags, func(_ string, t *tag) bool {
		t.Used = t.Used.possible(c.now)
		return t.Used.past(c.now, keepFor)
	})
	maps.DeleteFunc(c.manifests, func(_ image.Digest, m *manifest) bool {
		m.Used = m.Used.possible(c.now)
		return m.Used.past(c.now, keepFor)
	})
}
