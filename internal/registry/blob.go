package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/basekeeper/basekeeper/internal/image"
)

const octets = "application/octet-stream"

// Blob returns the blob with ref's digest, at most 4 MiB, which has been checked
// against the digest; a tag in ref is ignored.
//
// The error wraps [image.ErrNotFound] for 404, [image.ErrDenied] for 401 or
// 403, and [image.ErrMismatch] where the content is not what the digest says.
//
// Spec: OCI distribution-spec v1.1, "Pulling blobs".
func (c *Client) Blob(ctx context.Context, ref image.Reference) ([]byte, error) {
	r, err := c.pinned(ref)
	if err != nil {
		return nil, err
	}
	return r.blob(ctx, ref.Digest)
}

// HasBlob reports whether the repository has the blob with ref's digest. A 404
// is false without an error. The error wraps [image.ErrDenied] for 401 or 403.
//
// Spec: OCI distribution-spec v1.1, "Checking if content exists in the
// registry".
func (c *Client) HasBlob(ctx context.Context, ref image.Reference) (bool, error) {
	r, err := c.pinned(ref)
	if err != nil {
		return false, err
	}
	return r.hasBlob(ctx, ref.Digest)
}

func (r *repository) hasBlob(ctx context.Context, digest image.Digest) (bool, error) {
	got, err := r.do(ctx, request{method: http.MethodHead, endpoint: "blobs/" + digest.String()})
	switch {
	case err != nil:
		return false, err
	case got.status == http.StatusOK:
		return true, nil
	case got.status == http.StatusNotFound:
		return false, nil
	}
	return false, r.statusError(verbAsk, got.status, "")
}

// pinned returns the place of ref's repository, for ref's digest.
func (c *Client) pinned(ref image.Reference) (*repository, error) {
	if _, err := image.ParseDigest(ref.Digest.String()); err != nil {
		return nil, errors.New("no digest to ask for")
	}
	return c.repository(ref)
}

// PutBlob sends a blob in one piece and returns its digest; a tag in ref is
// ignored, and a digest must be that of content. It is sent even if it is
// there: see [Client.HasBlob].
//
// The error wraps [image.ErrMismatch] where a digest is another,
// [image.ErrRefused] for a registry that is read-only, and [image.ErrDenied]
// for 401 or 403. c must be With(Push) or more.
//
// Spec: OCI distribution-spec v1.1, "POST then PUT".
func (c *Client) PutBlob(ctx context.Context, ref image.Reference, content []byte) (image.Digest, error) {
	r, err := c.writable(ref)
	if err != nil {
		return "", err
	}
	digest, err := verified(content, ref.Digest)
	if err != nil {
		return "", err
	}
	started, err := r.startUpload(ctx)
	if err != nil {
		return "", err
	}
	to, err := r.uploadURL(started, digest)
	if err != nil {
		return "", err
	}
	return digest, r.upload(ctx, to, digest, content)
}

func (r *repository) startUpload(ctx context.Context) (answer, error) {
	req := request{method: http.MethodPost, endpoint: "blobs/uploads/"}
	started, err := r.do(ctx, req)
	if err == nil && started.status != http.StatusAccepted {
		err = r.answerError(req, started)
	}
	return started, err
}

// upload sends content. The upload ends when the registry has all of it, so
// that a repetition can find it gone: then the blob itself tells.
func (r *repository) upload(ctx context.Context, to *url.URL, digest image.Digest, content []byte) error {
	req := request{method: http.MethodPut, at: to, contentType: octets, body: content}
	got, err := r.do(ctx, req)
	if err != nil {
		return err
	}
	if got.status == http.StatusNotFound {
		if there, err := r.hasBlob(ctx, digest); there || err != nil {
			return err
		}
	}
	if !isSuccess(got.status) {
		return r.answerError(req, got)
	}
	said := cmp.Or(got.header.Get(digestHeader), digest.String())
	if _, err := verified(content, image.Digest(said)); err != nil {
		return fmt.Errorf("%w: the registry stored something else: it answers with %.80q", image.ErrMismatch, said)
	}
	return nil
}

// uploadURL returns where the registry wants the blob: its Location with what
// is in it already, and the digest.
func (r *repository) uploadURL(started answer, digest image.Digest) (*url.URL, error) {
	to, err := r.follow(started.url, started.header.Get("Location"))
	if err != nil {
		return nil, fmt.Errorf("push to %s: read where to upload: %w", familiarHost(r.session.at.host()), err)
	}
	if to.RawQuery != "" { // as it came: storage signs the very bytes
		to.RawQuery += "&"
	}
	to.RawQuery += url.Values{"digest": {digest.String()}}.Encode()
	return to, nil
}
