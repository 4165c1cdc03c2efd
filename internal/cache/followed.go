package cache

import (
	"maps"
	"time"
)

// followedEvery is how far the time of the last follow-up may lag behind, so
// that a run which learns nothing writes nothing.
const followedEvery = 24 * time.Hour

// Followed returns when the merges of a repository were followed up last; it
// may have been up to a day later.
func (c *Cache) Followed(repository string) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.followed[repository]
	return at, ok && !at.After(c.now)
}

// PutFollowed records that all merges of a repository were followed up by now.
func (c *Cache) PutFollowed(repository string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.followed[repository]; at.After(c.now) || c.now.Sub(at) >= followedEvery {
		c.followed[repository] = c.now
	}
}

// mergeFollowed takes in what another run has written, but for what is yet to
// come.
func (c *Cache) mergeFollowed(other map[string]time.Time) {
	for repository, at := range other {
		if at.After(c.followed[repository]) && !at.After(c.now) {
			c.followed[repository] = at
		}
	}
}

func (c *Cache) expireFollowed() {
	maps.DeleteFunc(c.followed, func(_ string, at time.Time) bool {
		return at.After(c.now) || c.now.Sub(at) > keepFor
	})
}
