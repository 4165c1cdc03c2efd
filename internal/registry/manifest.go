package registry

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"

	"github.com/basekeeper/basekeeper/internal/image"
)

// digestHeader is where registries say the digest of a manifest.
//
// Spec: OCI distribution-spec v1.1, "Pulling manifests".
const digestHeader = "Docker-Content-Digest"

// accepted are the media types asked for. Indexes come first, since some
// registries take the first that they can give. The schema 1 types come last:
// they are understood only to be refused by name instead of as "not found".
const accepted = image.MediaTypeOCIIndex + "," + image.MediaTypeDockerList + "," +
	image.MediaTypeOCIManifest + "," + image.MediaTypeDockerManifest + "," +
	image.MediaTypeDockerSigned1 + "," + image.MediaTypeDockerSchema1

// Manifest returns the exact bytes of the manifest or index with ref's digest,
// and its descriptor; a tag in ref is ignored. The bytes, at most 4 MiB, have
// been checked against the digest.
//
// The error wraps [image.ErrNotFound] for 404, [image.ErrDenied] for 401 or
// 403, [image.ErrUnsupported] where the content is no manifest, and
// [image.ErrMismatch] where it is not what the digest says.
//
// Spec: OCI distribution-spec v1.1, "Pulling manifests".
func (c *Client) Manifest(ctx context.Context, ref image.Reference) ([]byte, image.Descriptor, error) {
	if ref.Digest == "" {
		return nil, image.Descriptor{}, errors.New("no digest to read")
	}
	r, err := c.repository(ref)
	if err != nil {
		return nil, image.Descriptor{}, err
	}
	return r.get(ctx, ref.Digest.String(), ref.Digest)
}

// Fetch returns the exact bytes of what ref's tag points at now, and its
// descriptor; tag, digest and bounds are as for [Client.Resolve] and
// [Client.Manifest], and so are the errors. Sent again with [Client.PutManifest]
// and the descriptor's media type, the bytes keep their digest.
//
// Spec: OCI distribution-spec v1.1, "Pulling manifests".
func (c *Client) Fetch(ctx context.Context, ref image.Reference) ([]byte, image.Descriptor, error) {
	r, err := c.repository(ref)
	if err != nil {
		return nil, image.Descriptor{}, err
	}
	tag, err := tagOf(ref)
	if err != nil {
		return nil, image.Descriptor{}, err
	}
	return r.get(ctx, tag, "")
}

// get reads the manifest called id. want is the digest that it must have,
// empty for the one that the registry says.
func (r *repository) get(ctx context.Context, id string, want image.Digest) ([]byte, image.Descriptor, error) {
	got, err := r.do(ctx, request{method: http.MethodGet, endpoint: "manifests/" + id})
	if err != nil {
		return nil, image.Descriptor{}, err
	}
	if got.status != http.StatusOK {
		return nil, image.Descriptor{}, r.statusError(verbAsk, got.status, codeOf(got.body))
	}
	if want == "" {
		want = image.Digest(got.header.Get(digestHeader))
	}
	digest, wrong := verified(got.body, want)
	d, err := describeBody(got.header, got.body)
	signed := image.Descriptor{MediaType: mediaType(got.header)} // whose digest is not of all bytes
	switch {
	case wrong != nil && !signed.IsSchema1(): // what arrived damaged says nothing of what is there
		return nil, image.Descriptor{}, wrong
	case err != nil:
		return nil, image.Descriptor{}, err
	}
	d.Digest = digest
	return got.body, d, nil
}

// describeBody returns the descriptor of a manifest, its digest left out.
func describeBody(header http.Header, body []byte) (image.Descriptor, error) {
	var said struct {
		MediaType    string `json:"mediaType"`
		ArtifactType string `json:"artifactType"`
	}
	d := image.Descriptor{MediaType: mediaType(header), Size: int64(len(body))}
	if d.IsSchema1() {
		return image.Descriptor{}, schema1Error()
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return image.Descriptor{}, fmt.Errorf("%w: not JSON", image.ErrUnsupported)
	}
	d.ArtifactType = said.ArtifactType
	if !isManifest(d.MediaType) { // a proxy's own idea, such as application/octet-stream
		d.MediaType = said.MediaType
	}
	if !isManifest(d.MediaType) {
		return image.Descriptor{}, fmt.Errorf("%w: media type %q is no manifest's", image.ErrUnsupported, mediaType(header))
	}
	return d, nil
}

func schema1Error() error {
	return fmt.Errorf("%w: schema 1, Docker's format from before 2017; build and push the image anew", image.ErrUnsupported)
}

// mediaType returns the Content-Type without parameters, empty for none.
func mediaType(header http.Header) string {
	said := header.Get("Content-Type")
	if isManifest(said) {
		return said
	}
	parsed, _, err := mime.ParseMediaType(said)
	if err != nil {
		return ""
	}
	return parsed
}

func isManifest(mediaType string) bool {
	switch mediaType {
	case image.MediaTypeOCIIndex, image.MediaTypeOCIManifest, image.MediaTypeDockerList, image.MediaTypeDockerManifest:
		return true
	}
	return false
}

// verified returns the digest of body, computed the way of want, and fails
// with image.ErrMismatch if it is not want. With no usable want it is sha256.
func verified(body []byte, want image.Digest) (image.Digest, error) {
	if want == "" {
		return image.FromBytes(body), nil
	}
	if _, err := image.ParseDigest(want.String()); err != nil {
		return "", fmt.Errorf("%w: the registry says it is %.80q, which is no digest", image.ErrMismatch, want)
	}
	got := digestAs(want.Algorithm(), body)
	if got != want {
		return "", fmt.Errorf("%w: it should be %s, but the bytes are %s", image.ErrMismatch, want, got)
	}
	return got, nil
}

func digestAs(algorithm string, body []byte) image.Digest {
	switch algorithm {
	case "sha384":
		sum := sha512.Sum384(body)
		return image.Digest(algorithm + ":" + hex.EncodeToString(sum[:]))
	case "sha512":
		sum := sha512.Sum512(body)
		return image.Digest(algorithm + ":" + hex.EncodeToString(sum[:]))
	}
	sum := sha256.Sum256(body)
	return image.Digest("sha256:" + hex.EncodeToString(sum[:]))
}
