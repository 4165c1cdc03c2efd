package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Resolve returns the descriptor that ref's tag points at now; a digest in ref
// is ignored. Without tag and digest the tag is latest; with a digest only
// there is no tag to follow, which is an error. For a multi-platform image the
// descriptor is the index's, never that of one platform's manifest.
// Descriptor.Size is in bytes.
//
// It sends HEAD, and GET where the registry does not answer HEAD or leaves out
// Docker-Content-Digest, size or media type; the digest is then computed from
// the body.
//
// The error wraps [image.ErrNotFound] for 404, [image.ErrDenied] for 401 or
// 403, [image.ErrUnsupported] for schema 1 and what is no manifest, and
// [image.ErrMismatch] where body and header disagree; any other may pass on a
// retry.
//
// Spec: OCI distribution-spec v1.1, "Pulling manifests".
func (c *Client) Resolve(ctx context.Context, ref image.Reference) (image.Descriptor, error) {
	r, err := c.repository(ref)
	if err != nil {
		return image.Descriptor{}, err
	}
	tag, err := tagOf(ref)
	if err != nil {
		return image.Descriptor{}, err
	}
	return r.resolve(ctx, tag)
}

// tagOf returns the tag that ref follows.
func tagOf(ref image.Reference) (string, error) {
	if ref.Tag == "" && ref.Digest != "" {
		return "", errors.New("no tag to follow")
	}
	return cmp.Or(ref.Tag, image.LatestTag), nil
}

// resolve returns the descriptor of the manifest called id.
func (r *repository) resolve(ctx context.Context, id string) (image.Descriptor, error) {
	d, complete, err := r.head(ctx, id)
	if err != nil || complete {
		return d, err
	}
	_, d, err = r.get(ctx, id, "")
	return d, err
}

// Exists reports whether the registry has a manifest with ref's digest; a tag
// in ref is ignored. It sends HEAD, and GET where the registry does not answer
// HEAD. A 404 is false without an error.
//
// The error wraps [image.ErrDenied] for 401 or 403.
//
// Spec: OCI distribution-spec v1.1, "Pulling manifests".
func (c *Client) Exists(ctx context.Context, ref image.Reference) (bool, error) {
	if ref.Digest == "" {
		return false, errors.New("no digest to look for")
	}
	r, err := c.repository(ref)
	if err != nil {
		return false, err
	}
	d, complete, err := r.head(ctx, ref.Digest.String())
	if err == nil && !complete {
		_, d, err = r.get(ctx, ref.Digest.String(), ref.Digest)
	}
	switch {
	case errors.Is(err, image.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case d.Digest != ref.Digest:
		return false, fmt.Errorf("%w: asked for %s, the registry answers with %s", image.ErrMismatch, ref.Digest, d.Digest)
	}
	return true, nil
}

// head asks for the manifest called id. complete is false where the answer
// does not say everything, so that the manifest must be read.
func (r *repository) head(ctx context.Context, id string) (d image.Descriptor, complete bool, err error) {
	got, err := r.do(ctx, request{method: http.MethodHead, endpoint: "manifests/" + id})
	if err != nil {
		return image.Descriptor{}, false, err
	}
	switch got.status {
	case http.StatusOK:
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return image.Descriptor{}, false, nil
	default:
		return image.Descriptor{}, false, r.statusError(verbAsk, got.status, "")
	}
	d = image.Descriptor{MediaType: mediaType(got.header), Size: got.size}
	if d.IsSchema1() {
		return image.Descriptor{}, false, schema1Error()
	}
	digest, err := image.ParseDigest(got.header.Get(digestHeader))
	if err != nil || d.Size <= 0 || !isManifest(d.MediaType) {
		return image.Descriptor{}, false, nil
	}
	d.Digest = digest
	return d, true, nil
}
