package artifact

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// manifest is an artifact's.
//
// Spec: OCI image-spec v1.1, manifest.md.
type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	ArtifactType  string       `json:"artifactType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

// descriptor is image.Descriptor as an artifact has it.
type descriptor struct {
	MediaType string       `json:"mediaType"`
	Digest    image.Digest `json:"digest"`
	Size      int64        `json:"size"`
}

func describe(mediaType string, content []byte) descriptor {
	return descriptor{mediaType, image.FromBytes(content), int64(len(content))}
}

// wrap returns the manifest of the artifact whose configuration is content;
// without layers, that is its one layer as well.
func wrap(artifactType string, content []byte, layers []descriptor) ([]byte, error) {
	config := describe(artifactType, content)
	if len(layers) == 0 {
		layers = []descriptor{config}
	}
	body, err := json.Marshal(manifest{2, image.MediaTypeOCIManifest, artifactType, config, layers})
	if err != nil {
		return nil, err
	}
	if len(body) > ledger.MaxSize {
		return nil, fmt.Errorf("the manifest has %d bytes, and registries take no more than %d", len(body), ledger.MaxSize)
	}
	return body, nil
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
	if other := content.ArtifactType; other != artifactType {
		m, own := ownType.FindStringSubmatch(other), ownType.FindStringSubmatch(artifactType)
		if m != nil && own != nil && m[1] == own[1] {
			return "", fmt.Errorf("%w (type %s)", ledger.ErrLater, other)
		}
		return "", fmt.Errorf("%w: the tag is on something else, of type %.100q", ledger.ErrDamaged, other)
	}
	switch {
	case content.Config == nil || content.Config.MediaType != artifactType:
		return "", fmt.Errorf("%w: its configuration is of another type", ledger.ErrDamaged)
	case content.Config.Size > ledger.MaxSize:
		return "", fmt.Errorf("%w: it has %d bytes, more than %d", ledger.ErrDamaged, content.Config.Size, ledger.MaxSize)
	}
	return content.Config.Digest, nil
}
