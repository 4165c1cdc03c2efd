package sandbox

import (
	"archive/tar"
	"bytes"
	"fmt"
	"maps"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Labels that say what an image was built upon.
//
// Spec: OCI image-spec v1.1, annotations.md.
const (
	labelBaseName   = "org.opencontainers.image.base.name"
	labelBaseDigest = "org.opencontainers.image.base.digest"
)

// Annotations by which BuildKit marks an attestation.
//
// Spec: BuildKit, docs/attestations/attestation-storage.md.
const (
	referenceType   = "vnd.docker.reference.type"
	referenceDigest = "vnd.docker.reference.digest"
)

// build makes the image or index that p describes.
func build(p Image, from parent) (partial.Describable, error) {
	platforms := p.Platforms
	if len(platforms) == 0 {
		platforms = from.platforms
	}
	if len(platforms) == 0 {
		platforms = []image.Platform{{OS: "linux", Architecture: "amd64"}}
	}
	var adds []mutate.IndexAddendum
	var attestations []mutate.IndexAddendum
	for _, platform := range platforms {
		img, err := buildOne(p, from, platform)
		if err != nil {
			return nil, fmt.Errorf("build for %s: %w", platform, err)
		}
		if len(platforms) == 1 && !p.Attestation {
			return img, nil
		}
		adds = append(adds, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{
			OS: platform.OS, Architecture: platform.Architecture, Variant: platform.Variant, OSVersion: platform.OSVersion,
		}}})
		if p.Attestation {
			attestation, err := attest(img)
			if err != nil {
				return nil, fmt.Errorf("attest for %s: %w", platform, err)
			}
			attestations = append(attestations, attestation)
		}
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	return mutate.AppendManifests(index, append(adds, attestations...)...), nil
}

// buildOne makes the image for one platform.
func buildOne(p Image, from parent, platform image.Platform) (v1.Image, error) {
	start, err := from.find(platform)
	if err != nil {
		return nil, err
	}
	content, err := layer(p)
	if err != nil {
		return nil, err
	}
	img, err := mutate.Append(start, mutate.Addendum{
		Layer:   static.NewLayer(content, types.OCIUncompressedLayer),
		History: v1.History{Created: v1.Time{Time: p.Created.UTC()}, CreatedBy: "COPY layer " + path(p)},
	})
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = platform.OS, platform.Architecture
	config.Variant, config.OSVersion = platform.Variant, platform.OSVersion
	config.Created = v1.Time{Time: p.Created.UTC()}
	config.Config.Labels = labels(p, from, config.Config.Labels)
	return mutate.ConfigFile(img, config)
}

// find returns what to begin with: the base's image for the platform.
func (p parent) find(platform image.Platform) (v1.Image, error) {
	if p.digest == "" {
		return mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), nil
	}
	for _, has := range p.platforms {
		if has.Matches(platform) {
			return p.images[has], nil
		}
	}
	return nil, fmt.Errorf("the base is for %v only", p.platforms)
}

func labels(p Image, from parent, inherited map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, inherited)
	if from.digest != "" {
		all[labelBaseName], all[labelBaseDigest] = p.Base, string(from.digest)
	}
	maps.Copy(all, p.Labels)
	return all
}

// path is where the layer's file lies; images built upon each other keep
// theirs side by side.
func path(p Image) string { return "layers/" + p.Repository + "/" + p.Tag }

// layer makes a tar archive of one file. It is not compressed: what a
// compressor makes differs from version to version.
func layer(p Image) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	header := tar.Header{
		Typeflag: tar.TypeReg, Name: path(p), Mode: 0o644, Size: int64(len(p.Layer)),
		ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
	}
	if err := w.WriteHeader(&header); err != nil {
		return nil, err
	}
	if _, err := w.Write([]byte(p.Layer)); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}

// attest makes an attestation of img as BuildKit stores it in an index.
func attest(img v1.Image) (mutate.IndexAddendum, error) {
	digest, err := img.Digest()
	if err != nil {
		return mutate.IndexAddendum{}, err
	}
	statement := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v0.2",`+
		`"subject":[{"name":"_","digest":{"sha256":%q}}],"predicate":{"builder":{"id":"sandbox"}}}`, digest.Hex)
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	attestation, err := mutate.Append(base, mutate.Addendum{
		Layer:       static.NewLayer([]byte(statement), "application/vnd.in-toto+json"),
		Annotations: map[string]string{"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"},
	})
	return mutate.IndexAddendum{Add: attestation, Descriptor: v1.Descriptor{
		Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
		Annotations: map[string]string{referenceType: "attestation-manifest", referenceDigest: digest.String()},
	}}, err
}
