package image

import (
	"encoding/json"
	"fmt"
)

// Content is what a manifest or index names: what must be there for it to be
// whole, and what it is about.
//
// Spec: OCI image-spec v1.1, manifest.md and image-index.md.
type Content struct {
	MediaType    string
	ArtifactType string
	Config       *Descriptor       // nil for an index
	Layers       []Descriptor      // in their order; of an index none
	Manifests    []Descriptor      // children of an index, attestations included, in their order
	Subject      *Descriptor       // the manifest that this one refers to; nil for none
	Annotations  map[string]string // of the manifest itself
}

// ParseContent reads the bytes of a manifest or an index. The error wraps
// [ErrUnsupported] for what is neither, and for a digest in it that is none:
// what cannot be read whole must not be decided about.
func ParseContent(body []byte) (Content, error) {
	var raw struct {
		MediaType    string            `json:"mediaType"`
		ArtifactType string            `json:"artifactType"`
		Config       *Descriptor       `json:"config"`
		Layers       []Descriptor      `json:"layers"`
		Manifests    []Descriptor      `json:"manifests"`
		Subject      *Descriptor       `json:"subject"`
		Annotations  map[string]string `json:"annotations"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return Content{}, fmt.Errorf("%w: not JSON", ErrUnsupported)
	}
	c := Content(raw)
	if c.Config == nil && c.Manifests == nil {
		return Content{}, fmt.Errorf("%w: neither a manifest nor an index", ErrUnsupported)
	}
	for _, d := range c.Descriptors() {
		if _, err := ParseDigest(d.Digest.String()); err != nil {
			return Content{}, fmt.Errorf("%w: %w", ErrUnsupported, err)
		}
	}
	return c, nil
}

// Descriptors returns all that c names: configuration, layers, children and
// subject.
func (c Content) Descriptors() []Descriptor {
	all := append(c.Blobs(), c.Manifests...)
	if c.Subject != nil {
		all = append(all, *c.Subject)
	}
	return all
}

// Blobs returns the configuration, if there is one, and the layers.
func (c Content) Blobs() []Descriptor {
	var all []Descriptor
	if c.Config != nil {
		all = append(all, *c.Config)
	}
	return append(all, c.Layers...)
}
