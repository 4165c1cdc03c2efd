// Package bump is the flow that keeps pins fresh: gather facts, decide, apply,
// report. Deciding is package plan's; this one asks and writes.
package bump

import (
	"context"
	"time"

	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
)

// registry is all that a bump asks of registries.
type registry interface {
	Resolve(ctx context.Context, ref image.Reference) (image.Descriptor, error)
	Manifest(ctx context.Context, ref image.Reference) ([]byte, image.Descriptor, error)
	Exists(ctx context.Context, ref image.Reference) (bool, error)
}

// platformer tells for which platform a single image was built.
type platformer interface {
	Platform(ctx context.Context, manifest []byte, ref image.Reference) (image.Platform, error)
}

// Registries is what a flow needs of registries.
type Registries interface {
	registry
	platformer
}

// sightings remembers what was seen where and when, and what never changes.
type sightings interface {
	Observe(ref image.Reference, digest image.Digest, now time.Time)
	History(ref image.Reference) []cache.Sighting
	Manifest(digest image.Digest) (cache.Manifest, bool)
	PutManifest(digest image.Digest, m cache.Manifest)
	New() bool
}

// tree is a repository's files.
type tree interface {
	// Files calls fn with each file that may use images; it holds one at a time.
	Files(ctx context.Context, fn func(forge.File) error) error
	Read(path string) ([]byte, error)
	Write(ctx context.Context, changes []forge.Change) error
}

// Repository is a repository of the run, under the name that plans give it.
type Repository struct {
	Name   string
	Policy func(ref image.Reference) config.Policy
	Tree   tree
}

// Flow is one run.
type Flow struct {
	Registry Registries
	Cache    sightings
	Verify   bool                  // ask also whether moved pins can still be pulled
	Now      time.Time             // of the run
	Progress func(done, total int) // of the registry requests; may be nil
}

// parallel is how many registry questions are under way at once over all hosts;
// the registry client bounds them for each.
const parallel = 32
