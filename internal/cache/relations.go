package cache

import (
	"maps"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// relations is what a manifest names, in the file. It never changes.
type relations struct {
	Used day `json:"used"`
	retention.Manifest
}

// Relations returns what the manifest or index with a digest names, where it
// was read before.
func (c *Cache) Relations(digest image.Digest) (retention.Manifest, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.relations[digest]
	if !ok {
		return retention.Manifest{}, false
	}
	r.Used = r.Used.refreshed(c.now)
	m := r.Manifest
	m.Children = slices.Clone(m.Children)
	return m, true
}

// PutRelations records what the manifest or index with a digest names.
func (c *Cache) PutRelations(digest image.Digest, m retention.Manifest) {
	m.Children = slices.Clone(m.Children)
	c.mu.Lock()
	defer c.mu.Unlock()
	var used day
	if known, ok := c.relations[digest]; ok {
		used = known.Used
	}
	c.relations[digest] = &relations{Used: used.refreshed(c.now), Manifest: m}
}

// mergeRelations takes in what another run has written.
func (c *Cache) mergeRelations(other map[image.Digest]*relations) {
	for digest, theirs := range other {
		if ours, ok := c.relations[digest]; ok {
			ours.Used = max(ours.Used, theirs.Used)
			continue
		}
		c.relations[digest] = theirs
	}
}

func (c *Cache) expireRelations() {
	maps.DeleteFunc(c.relations, func(_ image.Digest, r *relations) bool {
		r.Used = r.Used.possible(c.now)
		return r.Used.past(c.now, keepFor)
	})
}

// checkedRelations keeps the entries that are well-formed.
func checkedRelations(all map[image.Digest]*relations) map[image.Digest]*relations {
	good := map[image.Digest]*relations{}
	for digest, r := range all {
		if r == nil || !valid(digest) || r.MediaType == "" || r.Subject != "" && !valid(r.Subject) {
			continue
		}
		if !slices.ContainsFunc(r.Children, func(d image.Digest) bool { return !valid(d) }) {
			good[digest] = r
		}
	}
	return good
}
