package artifact

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// manifest is an artifact's.
//
// Spec: OCI image-spec v1.1, manifest.md.
type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	ArtifactType  string       `json:"artifactType,omitempty"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
	Annotations   annotations  `json:"annotations,omitempty"`
}

type annotations map[string]string

// typeAnnotation says of what type an artifact is that is dressed as an image.
const typeAnnotation = "basekeeper.artifact-type"

// Types of what an image is made of, for registries that take nothing else.
//
// Spec: OCI image-spec v1.1, media-types.md.
const (
	imageConfig = "application/vnd.oci.image.config.v1+json"
	imageLayer  = "application/vnd.oci.image.layer.v1.tar"
)

// descriptor is image.Descriptor as an artifact has it.
type descriptor struct {
	MediaType string       `json:"mediaType"`
	Digest    image.Digest `json:"digest"`
	Size      int64        `json:"size"`
}

func describe(mediaType string, content []byte) descriptor {
	return descriptor{mediaType, image.FromBytes(content), int64(len(content))}
}

// wrapped is an artifact's manifest, in the two ways that there are to write
// it: by its own type, as the specification has it, and dressed as an image, for
// registries that know the media types of images only. GitLab's is one.
type wrapped struct{ own, image []byte }

// wrap returns the manifest of the artifact whose configuration is content;
// without layers, that is its one layer as well.
func wrap(artifactType string, content []byte, layers []descriptor) (w wrapped, err error) {
	config := describe(artifactType, content)
	if len(layers) == 0 {
		layers = []descriptor{config}
	}
	if w.own, err = encodeManifest(manifest{ArtifactType: artifactType, Config: config, Layers: layers}); err != nil {
		return w, err
	}
	config.MediaType = imageConfig
	layers = slices.Clone(layers)
	for i := range layers {
		layers[i].MediaType = imageLayer
	}
	w.image, err = encodeManifest(manifest{Config: config, Layers: layers, Annotations: annotations{typeAnnotation: artifactType}})
	return w, err
}

func encodeManifest(m manifest) ([]byte, error) {
	m.SchemaVersion, m.MediaType = 2, image.MediaTypeOCIManifest
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(body) > ledger.MaxSize {
		return nil, fmt.Errorf("the manifest has %d bytes, and registries take no more than %d", len(body), ledger.MaxSize)
	}
	return body, nil
}

// is reports whether a digest is that of the artifact.
func (w wrapped) is(digest image.Digest) bool {
	return digest == image.FromBytes(w.own) || digest == image.FromBytes(w.image)
}

var ownType = regexp.MustCompile(`^(application/vnd\.basekeeper\.[a-z]+\.v)[1-9][0-9]*\+json$`)

// unwrap returns the digest of the configuration of an artifact of a type. The
// error wraps [ledger.ErrDamaged], or [ledger.ErrLater] for the same in another
// version.
func unwrap(artifactType string, body []byte) (image.Digest, error) {
	content, err := image.ParseContent(body)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ledger.ErrDamaged, err)
	}
	other, config := content.ArtifactType, artifactType
	if dressed := content.Annotations[typeAnnotation]; other == "" && dressed != "" {
		other, config = dressed, imageConfig
	}
	if other != artifactType {
		m, own := ownType.FindStringSubmatch(other), ownType.FindStringSubmatch(artifactType)
		if m != nil && own != nil && m[1] == own[1] {
			return "", fmt.Errorf("%w (type %s)", ledger.ErrLater, other)
		}
		return "", fmt.Errorf("%w: the tag is on something else, of type %.100q", ledger.ErrDamaged, other)
	}
	switch {
	case content.Config == nil || content.Config.MediaType != config:
		return "", fmt.Errorf("%w: its configuration is of another type", ledger.ErrDamaged)
	case content.Config.Size > ledger.MaxSize:
		return "", fmt.Errorf("%w: it has %d bytes, more than %d", ledger.ErrDamaged, content.Config.Size, ledger.MaxSize)
	}
	return content.Config.Digest, nil
}
