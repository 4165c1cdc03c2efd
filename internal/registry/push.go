package registry

import (
	"context"
	"fmt"
	"net/http"

	"github.com/basekeeper/basekeeper/internal/image"
)

// PutManifest sends a manifest or an index, byte for byte, under ref's tag, or
// under its own digest where ref has no tag, and returns its digest. A digest in
// ref must be that of body. What body names must be in the repository already.
// Sending it again changes nothing.
//
// The error wraps [image.ErrMismatch] where the digest in ref or the one that
// the registry answers with is another, [image.ErrRefused] for an immutable tag
// or a registry that is read-only, and [image.ErrDenied] for 401 or 403. c must
// be With(Push) or more.
//
// Spec: OCI distribution-spec v1.1, "Pushing Manifests".
func (c *Client) PutManifest(ctx context.Context, ref image.Reference, mediaType string, body []byte) (image.Digest, error) {
	if ref.Tag != "" && !isTag(ref.Tag) {
		return "", fmt.Errorf("%.200q is no tag", ref.Tag)
	}
	r, err := c.writable(ref)
	if err != nil {
		return "", err
	}
	digest, err := verified(body, ref.Digest)
	if err != nil {
		return "", err
	}
	id := ref.Tag
	if id == "" {
		id = digest.String()
	}
	req := request{method: http.MethodPut, endpoint: "manifests/" + id, contentType: mediaType, body: body}
	got, err := r.do(ctx, req)
	if err != nil {
		return "", err
	}
	if !isSuccess(got.status) {
		return "", r.answerError(req, got)
	}
	return digest, r.confirm(ctx, id, got.header.Get(digestHeader), body)
}

// confirm checks that the registry holds body under id; said is the digest that
// it answered with, and is asked for where it is empty.
func (r *repository) confirm(ctx context.Context, id, said string, body []byte) error {
	if said == "" {
		d, err := r.resolve(ctx, id)
		if err != nil {
			return err
		}
		said = d.Digest.String()
	}
	if _, err := verified(body, image.Digest(said)); err != nil {
		return fmt.Errorf("%w: the registry stored something else: it answers with %.80q", image.ErrMismatch, said)
	}
	return nil
}

// writable returns the place of ref's repository for a view that may push.
func (c *Client) writable(ref image.Reference) (*repository, error) {
	if c.access < Push {
		return nil, errNeedsPush
	}
	return c.origin(ref)
}

func isSuccess(status int) bool { return status >= 200 && status < 300 }
