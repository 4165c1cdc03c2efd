package cache

import (
	"maps"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// sightFor is how long a ledger is believed to know what it was told: it may be
// repaired, or another run's write may undo what this one's did.
const sightFor = 24 * time.Hour

// sight is the digest of a published tag that its ledger knows of, in the file.
type sight struct {
	Used   day          `json:"used"`
	Digest image.Digest `json:"digest"`
	At     time.Time    `json:"at"` // when the ledger was asked last
}

// Sight returns the digest of ref's tag that the ledger in the registry is
// known to have recorded last, if it was asked within a day.
func (c *Cache) Sight(ref image.Reference) (image.Digest, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.sights[ref.Tagged(ref.Tag).String()]
	if !ok || s.At.After(c.now) || c.now.Sub(s.At) > sightFor {
		return "", false
	}
	s.Used = s.Used.refreshed(c.now)
	return s.Digest, true
}

// PutSight records that the ledger has recorded digest for ref's tag.
func (c *Cache) PutSight(ref image.Reference, digest image.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sights[ref.Tagged(ref.Tag).String()] = &sight{Used: day("").refreshed(c.now), Digest: digest, At: c.now}
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
			if theirs.At.After(ours.At) {
				ours.At = theirs.At
			}
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
