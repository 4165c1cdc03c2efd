package plan

import (
	"time"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// Facts is all that a decision is made from.
type Facts struct {
	Occurrences []scan.Occurrence
	Problems    []scan.Problem
	Tags        map[image.Reference]Tag      // by image and tag
	Manifests   map[image.Reference]Manifest // by image and digest, without tag
	Policy      PolicyFunc
	Now         time.Time
}

// PolicyFunc returns the policy for an image's tag in a repository.
type PolicyFunc func(repository string, ref image.Reference) config.Policy

// Trouble is what went wrong when a registry was asked; failure is a fact.
type Trouble struct {
	Code   Code
	Reason string
}

// Tag is what is known about a tag.
type Tag struct {
	Current  image.Descriptor // that the tag points at now
	Trouble  *Trouble         // set where that could not be learned
	History  []Sighting       // digests seen behind the tag, the oldest first, Current among them
	NewClock bool             // there was no earlier record of first sights: the clock starts now
}

// Sighting is when a digest was first seen behind a tag.
type Sighting struct {
	Digest    image.Digest
	FirstSeen time.Time
	Lost      bool // the registry no longer has it
}

// Manifest is what is known about content that a digest names.
type Manifest struct {
	MediaType string
	Platforms []image.Descriptor // of an index
	Platform  *image.Platform    // of a single image, where it is known
	Gone      bool               // the registry no longer has it
	Trouble   *Trouble
}

// IsIndex reports whether the content is an image index.
func (m Manifest) IsIndex() bool { return image.Descriptor{MediaType: m.MediaType}.IsIndex() }

// Wanted returns the tags that have to be resolved, each once, in the order of
// their first occurrence.
func Wanted(occurrences []scan.Occurrence, policy PolicyFunc) []image.Reference {
	var refs []image.Reference
	seen := map[image.Reference]bool{}
	for _, o := range occurrences {
		ref, hold := follow(o, policy)
		if hold == nil && !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	return refs
}

// Inspect returns the content that has to be looked at before the facts are
// enough to decide: what a moved pin named, and what it would move to.
func (f Facts) Inspect() []image.Reference {
	var refs []image.Reference
	seen := map[image.Reference]bool{}
	add := func(ref image.Reference) {
		if !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	for _, o := range f.Occurrences {
		ref, hold := follow(o, f.Policy)
		if hold != nil || o.Use.Ref.Digest == "" {
			continue
		}
		tag, ok := f.Tags[ref]
		if !ok || tag.Trouble != nil || tag.Current.Digest == o.Use.Ref.Digest || tag.Current.IsSchema1() {
			continue
		}
		target, _ := f.target(o, ref, tag)
		content := ref.Tagged("")
		add(content.Pinned(o.Use.Ref.Digest))
		if target.MediaType == "" || target.IsIndex() {
			add(content.Pinned(target.Digest))
		}
	}
	return refs
}

// Unplaced returns the single images of moved pins whose platform has to be
// learned from their configuration: what the tag points at now is an index,
// and neither file nor policy tell the platform.
func (f Facts) Unplaced() []image.Reference {
	var refs []image.Reference
	seen := map[image.Reference]bool{}
	for _, o := range f.Occurrences {
		ref, hold := follow(o, f.Policy)
		if hold != nil || o.Use.Ref.Digest == "" {
			continue
		}
		content := ref.Tagged("").Pinned(o.Use.Ref.Digest)
		old, ok := f.Manifests[content]
		if !ok || seen[content] || old.IsIndex() || old.Gone || old.Trouble != nil || old.Platform != nil {
			continue
		}
		target, _ := f.target(o, ref, f.Tags[ref])
		if f.Manifests[ref.Tagged("").Pinned(target.Digest)].IsIndex() {
			seen[content] = true
			refs = append(refs, content)
		}
	}
	return refs
}
