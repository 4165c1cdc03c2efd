package prune

import (
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// Kind is what a plan of this package calls itself in its file.
const Kind = "prune"

// Version is the version of the file format that this package reads and writes.
const Version = 1

// Plan is what a run would delete, and what it would keep and why.
type Plan struct {
	Kind         string       `json:"kind"`
	Version      int          `json:"version"`
	CreatedAt    time.Time    `json:"createdAt"`
	Scope        Scope        `json:"scope,omitzero"` // zero in what Flow.Plan returns: it is told what is in use
	Repositories []Repository `json:"repositories"`
}

// Repository is the part of a plan that is about one repository. Where Problem
// or Refused says something, nothing of Tags and Manifests is there.
type Repository struct {
	Image          string              `json:"image"` // normalised name, without tag and digest
	TagDelete      bool                `json:"tagDelete"`
	LastTagDeletes bool                `json:"lastTagDeletes,omitempty"`
	Policy         Policy              `json:"policy"`
	Undo           Duration            `json:"undo"`                // how long what is deleted can be restored
	Templates      []string            `json:"templates,omitempty"` // of retired tags, whose numbers are not used again
	Uses           []retention.Use     `json:"uses,omitempty"`      // one for each tag or digest
	Verdicts       []retention.Verdict `json:"verdicts"`

	Tags         []retention.Tag `json:"tags,omitempty"`         // to delete, in order
	Manifests    []Manifest      `json:"manifests,omitempty"`    // to delete after the tags, in order
	Adopt        []retention.Tag `json:"adopt,omitempty"`        // to record in the ledger
	ExpiredTrash []retention.Tag `json:"expiredTrash,omitempty"` // whose time to restore is over
	Unfinished   []string        `json:"unfinished,omitempty"`   // trash of runs that were cut off, by tag; what is left to do is in Manifests

	Refused string `json:"refused,omitempty"` // why nothing may be deleted though something could
	Problem string `json:"problem,omitempty"` // what could not be read, so that nothing may be deleted
}

// Manifest is a manifest to delete.
type Manifest struct {
	Digest    image.Digest `json:"digest"`
	MediaType string       `json:"mediaType"`
	Size      int64        `json:"size"` // bytes of the manifest and of all that it names itself
}

// Empty reports whether there is nothing to do in the repository.
func (r Repository) Empty() bool {
	return len(r.Tags)+len(r.Manifests)+len(r.Adopt)+len(r.ExpiredTrash)+len(r.Unfinished) == 0
}

// Empty reports whether the plan asks for nothing at all.
func (p Plan) Empty() bool {
	for _, r := range p.Repositories {
		if !r.Empty() {
			return false
		}
	}
	return true
}

// Troubled reports whether part of the work could not be done.
func (p Plan) Troubled() bool {
	for _, r := range p.Repositories {
		if r.Problem != "" {
			return true
		}
	}
	return false
}

// Refused reports whether a rule stands against deleting in some repository.
func (p Plan) Refused() bool {
	for _, r := range p.Repositories {
		if r.Refused != "" {
			return true
		}
	}
	return false
}

// going returns the digests of the manifests to delete.
func (r Repository) going() digests {
	all := digests{}
	for _, m := range r.Manifests {
		all[m.Digest] = true
	}
	return all
}

// ref returns the repository that r is about.
func (r Repository) ref() (image.Reference, error) {
	ref, err := image.ParseReference(r.Image)
	if err != nil {
		return image.Reference{}, err
	}
	return ref.Tagged(""), nil
}
