package image

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Media types of manifests, in OCI's and Docker's spelling.
const (
	MediaTypeOCIIndex       = "application/vnd.oci.image.index.v1+json"
	MediaTypeOCIManifest    = "application/vnd.oci.image.manifest.v1+json"
	MediaTypeDockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	MediaTypeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	MediaTypeDockerSchema1  = "application/vnd.docker.distribution.manifest.v1+json"
	MediaTypeDockerSigned1  = "application/vnd.docker.distribution.manifest.v1+prettyjws"
)

// Errors that callers branch on; adapters wrap them.
var (
	ErrNotFound    = errors.New("not found")                         // 404: the tag, digest or repository does not exist
	ErrDenied      = errors.New("access denied")                     // 401 or 403
	ErrUnsupported = errors.New("unsupported manifest")              // schema 1, or no image at all
	ErrMismatch    = errors.New("content does not match its digest") // the registry or something before it is broken
	ErrIncomplete  = errors.New("what a manifest names is missing")  // it was not sent, or the registry does not see it yet
	ErrMediaType   = errors.New("media type not taken")              // a manifest with types that the registry does not know
	ErrRefused     = errors.New("refused by the registry")           // a write or delete that a rule forbids: an immutable tag, deleting disabled
)

// Descriptor points at content.
//
// Spec: OCI image-spec v1.1, descriptor.md.
type Descriptor struct {
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Digest       Digest            `json:"digest"`
	Size         int64             `json:"size"` // bytes
	Platform     *Platform         `json:"platform,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}

// IsIndex reports whether d points at an image index (or Docker's manifest
// list), so that what it names can be several platforms.
func (d Descriptor) IsIndex() bool {
	return d.MediaType == MediaTypeOCIIndex || d.MediaType == MediaTypeDockerList
}

// IsSchema1 reports whether d points at one of Docker's manifests from before
// 2017, which name no digests of their own content and are no longer served
// by most registries.
func (d Descriptor) IsSchema1() bool {
	return d.MediaType == MediaTypeDockerSchema1 || d.MediaType == MediaTypeDockerSigned1
}

// Index is what an index says about its platforms: one descriptor for each,
// attestations left out.
type Index struct {
	Platforms []Descriptor `json:"platforms"`
}

// ParseIndex reads the bytes of an image index. BuildKit's attestations and
// entries without a platform are no platforms and are left out.
//
// Spec: OCI image-spec v1.1, image-index.md; BuildKit's attestation storage.
func ParseIndex(content []byte) (Index, error) {
	var raw struct {
		Manifests []Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(content, &raw); err != nil {
		return Index{}, fmt.Errorf("parse image index: %w", err)
	}
	var index Index
	for _, d := range raw.Manifests {
		if d.Platform == nil || d.Platform.Unknown() || d.Annotations["vnd.docker.reference.type"] != "" {
			continue
		}
		index.Platforms = append(index.Platforms, d)
	}
	return index, nil
}

// Find returns the descriptor of the image that runs on p.
func (i Index) Find(p Platform) (Descriptor, bool) {
	for _, d := range i.Platforms {
		if d.Platform != nil && d.Platform.Matches(p) {
			return d, true
		}
	}
	return Descriptor{}, false
}
