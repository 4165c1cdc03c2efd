package trash

import (
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// TagPrefix begins the tag of every trash artifact; the time of the deletion
// and the beginning of the journal's digest follow.
const TagPrefix = ledger.TagPrefix + "trash-"

// MediaType is the artifact type of trash, and the media type of its journal.
const MediaType = "application/vnd.basekeeper.trash.v1+json"

// SavedType is the media type of the blob that holds a deleted manifest.
const SavedType = "application/vnd.basekeeper.trash.manifest.v1"

// Journal says what was deleted in one go.
type Journal struct {
	At      time.Time // of the deletion; UTC, whole seconds
	Expires time.Time // when the trash itself may go
	Entries []Entry   // in the order of deletion
}

// Entry is one manifest, and the tags that it had.
type Entry struct {
	Digest    image.Digest    `json:"digest"`
	MediaType string          `json:"mediaType"`
	Size      int64           `json:"size"`              // bytes of the manifest
	Tags      []string        `json:"tags,omitempty"`    // deleted with it, in the order of their names
	Kept      bool            `json:"kept,omitempty"`    // only Tags were deleted: something else keeps the manifest
	Reason    string          `json:"reason,omitempty"`  // the verdict's text
	Records   []ledger.Record `json:"records,omitempty"` // what the ledger said about Tags

	// Saved is the digest of the blob that [Save] makes of the manifest; empty
	// where it is kept.
	Saved image.Digest `json:"saved,omitempty"`
	// Missing are the configuration and layers that were not there any more, in
	// the manifest's order: the image was broken before it was deleted.
	Missing []image.Digest `json:"missing,omitempty"`
}
