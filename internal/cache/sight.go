package cache

import (
	"maps"

	"github.com/basekeeper/basekeeper/internal/image"
)

// sight is the digest of a published tag that its ledger knows of, in the file.
type sight struct {
	Used   day          `json:"used"`
	Digest image.Digest `json:"digest"`
}

// Sight returns the digest of ref's tag that the ledger in the registry is
// known to have recorded last.
func (c *Cache) Sight(ref image.Reference) (image.Digest, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.sights[ref.Tagged(ref.Tag).String()]
	if !ok {
		return "", false
	}
	s.Used = s.Used.refreshed(c.now)
	return s.Digest, true
}

// PutSight records that the ledger has recorded digest for ref's tag.
func (c *Cache) PutSight(ref image.Reference, digest image.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sights[ref.Tagged(ref.Tag).String()] = &sight{Used: day("").refreshed(c.now), Digest: digest}
}

// mergeSights takes in what another run has written. Where both know of a tag,
// neither is believed: the ledger is asked again.
func (c *Cache) mergeSights(other map[string]*sight) {
	for key, theirs := range other {
		ours, ok := c.sights[key]
		switch {
		case !ok:
			c.sights[key] = theirs
		case ours.Digest != theirs.Digest:
			delete(c.sights, key)
		default:
			ours.Used = max(ours.Used, theirs.Used)
		}
	}
}

func (c *Cache) expireSights() {
	maps.DeleteFunc(c.sights, func(_ string, s *sight) bool {
		s.Used = s.Used.possible(c.now)
		return s.Used.past(c.now, keepFor)
	})
}

// checkedSights keeps the entries that are well-formed.
func checkedSights(all map[string]*sight) map[string]*sight {
	good := map[string]*sight{}
	for key, s := range all {
		if s != nil && validKey(key) && valid(s.Digest) {
			good[key] = s
		}
	}
	return good
}
