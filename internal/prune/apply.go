package prune

import (
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// Outcome is what became of one repository's part of a plan.
type Outcome struct {
	Image     string
	Tags      []retention.Tag // that were deleted
	Manifests []image.Digest  // that were deleted, in order
	Skipped   []Skip          // what was planned and not deleted
	Trash     []string        // tags of the trash that holds what was deleted
	Expired   []string        // tags of trash that was removed, its time being over
	Adopted   []string        // tags that were recorded
	Refused   string          // why nothing was deleted though the plan says so
	Err       error           // why it stopped; what was done before is above
}

// Skip is something that was planned and not deleted.
type Skip struct {
	Tag    string       `json:"tag,omitempty"` // empty for a manifest
	Digest image.Digest `json:"digest"`
	Reason string       `json:"reason"`
	Failed bool         `json:"failed,omitempty"` // it should have been possible
}
