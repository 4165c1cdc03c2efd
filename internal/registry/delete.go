package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/basekeeper/basekeeper/internal/image"
)

// DeleteTag deletes ref's tag, and nothing else: what it points at stays, with
// its other tags. A digest in ref is ignored. A tag that is not there is no
// error.
//
// The error wraps [image.ErrRefused] where the registry cannot delete a tag
// alone (its digest is then left alone, too), where deleting is disabled and for
// an immutable tag, and [image.ErrDenied] for 401 or 403. c must be
// With(Delete).
//
// Spec: OCI distribution-spec v1.1, "Deleting tags".
func (c *Client) DeleteTag(ctx context.Context, ref image.Reference) error {
	if !isTag(ref.Tag) {
		return fmt.Errorf("no tag to delete: %.200q", ref.Tag)
	}
	r, err := c.deletable(ref)
	if err != nil {
		return err
	}
	return r.delete(ctx, ref.Tag)
}

// DeleteManifest deletes the manifest or index with ref's digest, and with it
// all tags that point there. A ref with a tag is refused, lest a tag be meant.
// What is not there is no error.
//
// The error wraps [image.ErrRefused] where deleting is disabled or something
// still needs the manifest, and [image.ErrDenied] for 401 or 403. c must be
// With(Delete).
//
// Spec: OCI distribution-spec v1.1, "Deleting Manifests".
func (c *Client) DeleteManifest(ctx context.Context, ref image.Reference) error {
	if _, err := image.ParseDigest(ref.Digest.String()); err != nil {
		return errors.New("no digest to delete")
	}
	if ref.Tag != "" {
		return errors.New("a digest is deleted with all of its tags; name it without a tag")
	}
	r, err := c.deletable(ref)
	if err != nil {
		return err
	}
	return r.delete(ctx, ref.Digest.String())
}

// deletable returns the place of ref's repository for a view that may delete.
func (c *Client) deletable(ref image.Reference) (*repository, error) {
	if c.access < Delete {
		return nil, errNeedsDelete
	}
	return c.origin(ref)
}

// delete deletes a tag or a digest.
func (r *repository) delete(ctx context.Context, id string) error {
	req := request{method: http.MethodDelete, endpoint: "manifests/" + id}
	got, err := r.do(ctx, req)
	switch {
	case err != nil:
		return err
	case isSuccess(got.status):
		return nil
	case got.status == http.StatusNotFound:
		return r.gone(ctx, id)
	case isTag(id) && isNoTagDelete(got):
		return fmt.Errorf("%w: %s cannot delete a tag alone, or has deleting disabled: it answers %s",
			image.ErrRefused, familiarHost(r.session.at.host()), answered(got.status, codeOf(got.body)))
	}
	return r.answerError(req, got)
}

// gone checks that a manifest is not there: some registries answer a DELETE
// that they do not offer with 404.
func (r *repository) gone(ctx context.Context, id string) error {
	_, err := r.resolve(ctx, id)
	switch {
	case errors.Is(err, image.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: %s answers HTTP 404, but it is still there", image.ErrRefused, familiarHost(r.session.at.host()))
}

// isNoTagDelete reports whether an answer to the DELETE of a tag says that the
// registry has none.
//
// Spec: OCI distribution-spec v1.1, "Deleting tags".
func isNoTagDelete(got answer) bool {
	return got.status == http.StatusBadRequest || got.status == http.StatusMethodNotAllowed
}

// probeTag is a tag that nobody makes.
const probeTag = "basekeeper.probe"

// tagDelete reports whether the registry deletes one tag without its digest's
// other ones. It asks once for each host, by deleting a tag that is not there.
func (r *repository) tagDelete(ctx context.Context, tags []string) (bool, error) {
	return r.session.peer.tagDelete.learn(ctx, func(ctx context.Context) (bool, error) { return r.probeTagDelete(ctx, tags) })
}

func (r *repository) probeTagDelete(ctx context.Context, tags []string) (bool, error) {
	tag := probeTag
	for has(tags, tag) {
		tag += "-"
	}
	req := request{method: http.MethodDelete, endpoint: "manifests/" + tag}
	got, err := r.do(ctx, req)
	switch {
	case err != nil:
		return false, err
	case got.status == http.StatusAccepted || got.status == http.StatusNotFound:
		return true, nil
	case isNoTagDelete(got):
		return false, nil
	}
	return false, r.answerError(req, got)
}
