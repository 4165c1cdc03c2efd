package retention

import (
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// Tag is a tag as the registry has it now.
type Tag struct {
	Name   string       `json:"name"`
	Digest image.Digest `json:"digest"`
	// Since is when the registry says that the tag was pointed at Digest; zero
	// where it does not date tags. The date of the digest is no such time.
	Since time.Time `json:"since,omitzero"`
}

// Untagged is a manifest without a tag, where the registry lists them.
type Untagged struct {
	Digest image.Digest `json:"digest"`
	Pushed time.Time    `json:"pushed,omitzero"` // zero where the registry does not say
}

// Listing is what a registry says about a repository.
type Listing struct {
	Tags     []Tag      // in the order of their names
	Untagged []Untagged // nil where the registry does not list them

	// TagDelete says that one tag can be deleted without its digest's other
	// tags. Where it cannot, a digest goes when all of its tags may.
	TagDelete bool
	// LastTagDeletes says that a digest goes with the last of its tags, so that
	// nothing is left to delete.
	LastTagDeletes bool
}

// Manifest is what never changes about the content of a digest.
type Manifest struct {
	MediaType string         `json:"mediaType"`
	Size      int64          `json:"size"`               // bytes of the manifest and of all that it names itself: configuration and layers
	Children  []image.Digest `json:"children,omitempty"` // of an index
	Subject   image.Digest   `json:"subject,omitempty"`  // what it refers to; empty for nothing
}

// Use is a place that names an image of the repository.
type Use struct {
	Tag    string       `json:"tag,omitempty"`    // empty where a digest alone is named
	Digest image.Digest `json:"digest,omitempty"` // empty where a tag alone is named
	By     string       `json:"by"`               // acme/shop: Dockerfile:3 (branch main); for people
	// Elsewhere says that Digest is named as another image's. It keeps what has
	// it all the same; that the repository has it need not be expected.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// Facts is all that is known about a repository.
type Facts struct {
	Listing
	// Manifests has every tagged and listed digest, and the children of indexes
	// down to the last. A digest that was looked for and is not there is absent.
	Manifests map[image.Digest]Manifest
	// Referrers are the manifests that refer to a digest, by the registry's
	// referrers API, where it has one.
	Referrers map[image.Digest][]image.Digest
	Ledger    ledger.Ledger
	Uses      []Use
	// Returned says when tags were deleted that are there again: their time
	// counts from then at the earliest.
	Returned map[string]time.Time
}
