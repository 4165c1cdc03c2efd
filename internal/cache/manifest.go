package cache

import (
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Manifest is what never changes about the content that a digest names.
type Manifest struct {
	MediaType string             `json:"mediaType"`
	Platforms []image.Descriptor `json:"platforms,omitempty"` // of an index; attestations left out, no annotations
	Platform  *image.Platform    `json:"platform,omitempty"`  // of a single image, where it is known
}

// manifest is a Manifest in the file.
type manifest struct {
	Used day `json:"used"`
	Manifest
}

// Manifest returns what is known about the content of digest.
func (c *Cache) Manifest(digest image.Digest) (Manifest, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.manifests[digest]
	if !ok {
		return Manifest{}, false
	}
	m.Used = m.Used.refreshed(c.now)
	return m.copy(), true
}

// PutManifest records what the content of digest is. Annotations of the
// platforms' descriptors are not kept: nobody needs them, and their size is in
// the hands of whoever made the image.
func (c *Cache) PutManifest(digest image.Digest, m Manifest) {
	m = m.copy()
	for i := range m.Platforms {
		m.Platforms[i].Annotations = nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var used day
	if known, ok := c.manifests[digest]; ok {
		used = known.Used
	}
	c.manifests[digest] = &manifest{Used: used.refreshed(c.now), Manifest: m}
}

// copy returns m with pointers and slices of its own.
func (m Manifest) copy() Manifest {
	m.Platforms = slices.Clone(m.Platforms)
	for i := range m.Platforms {
		m.Platforms[i].Platform = clone(m.Platforms[i].Platform)
	}
	m.Platform = clone(m.Platform)
	return m
}

func clone(p *image.Platform) *image.Platform {
	if p == nil {
		return nil
	}
	other := *p
	return &other
}
