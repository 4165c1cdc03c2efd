package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/basekeeper/basekeeper/internal/image"
)

const (
	mostReferrers     = 100_000
	mostReferrerPages = 1000
)

// Referrers returns the descriptors of all manifests whose subject is ref's
// digest, in the registry's order. Where the registry has no such API supported
// is false, which is found out once for each host; it may then have them under a
// tag, algorithm-encoded, which is the caller's to read.
//
// The error wraps [image.ErrNotFound] where the repository does not exist,
// [image.ErrDenied] for 401 or 403 (which say nothing about the API), and
// [image.ErrUnsupported] for an answer that is no image index. A mirror is
// passed by.
//
// Spec: OCI distribution-spec v1.1, "Listing Referrers".
func (c *Client) Referrers(ctx context.Context, ref image.Reference) (all []image.Descriptor, supported bool, err error) {
	if _, err := image.ParseDigest(ref.Digest.String()); err != nil {
		return nil, false, errors.New("no digest to ask for")
	}
	r, err := c.origin(ref)
	if err != nil {
		return nil, false, err
	}
	first := request{method: http.MethodGet, endpoint: "referrers/" + ref.Digest.String(), accept: image.MediaTypeOCIIndex}
	var got answer
	supported, err = r.session.peer.referrers.learn(ctx, func(ctx context.Context) (bool, error) {
		if got, err = r.do(ctx, first); err != nil {
			return false, err
		}
		return r.hasReferrers(first, got)
	})
	if err != nil || !supported {
		return nil, false, err
	}
	if got.status == 0 { // another call found out
		if got, err = r.do(ctx, first); err != nil {
			return nil, false, err
		}
	}
	all, err = r.referrers(ctx, first, got)
	return all, err == nil, err
}

// hasReferrers reports whether the first answer of a host shows that it has the
// API. The specification wants 404 where it has not; some answer 400 or 406.
func (r *repository) hasReferrers(req request, got answer) (bool, error) {
	switch got.status {
	case http.StatusOK:
		return true, nil
	case http.StatusNotFound:
		if code := codeOf(got.body); code == "NAME_UNKNOWN" || code == "MANIFEST_UNKNOWN" {
			return false, r.answerError(req, got)
		}
		return false, nil
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable:
		return false, nil
	}
	return false, r.answerError(req, got)
}

// referrers reads all pages from the first on.
func (r *repository) referrers(ctx context.Context, req request, got answer) ([]image.Descriptor, error) {
	var all []image.Descriptor
	seen := map[image.Digest]bool{}
	for range mostReferrerPages {
		page, next, err := r.referrerPage(req, got)
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, d := range page {
			if !seen[d.Digest] {
				seen[d.Digest] = true
				all = append(all, d)
			}
		}
		switch {
		case len(all) > mostReferrers:
			return nil, fmt.Errorf("list referrers: more than %d", mostReferrers)
		case next == nil:
			return all, nil
		case len(all) == before:
			return nil, errors.New("list referrers: the registry's pages lead in a circle")
		}
		req = request{method: http.MethodGet, at: next, accept: req.accept}
		if got, err = r.do(ctx, req); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("list referrers: more than %d pages", mostReferrerPages)
}

func (r *repository) referrerPage(req request, got answer) ([]image.Descriptor, *url.URL, error) {
	next, err := r.paged(req, got)
	if err != nil {
		return nil, nil, err
	}
	if mediaType(got.header) != image.MediaTypeOCIIndex {
		return nil, nil, fmt.Errorf("list referrers: %w: media type %q is no image index's", image.ErrUnsupported, mediaType(got.header))
	}
	var index struct {
		Manifests json.RawMessage `json:"manifests"` // null for none, but it has to be there
	}
	var page []image.Descriptor
	if json.Unmarshal(got.body, &index) != nil || json.Unmarshal(index.Manifests, &page) != nil {
		return nil, nil, fmt.Errorf("list referrers: %w: the answer lists no manifests", image.ErrUnsupported)
	}
	for _, d := range page {
		if _, err := image.ParseDigest(d.Digest.String()); err != nil {
			return nil, nil, fmt.Errorf("list referrers: %w: %w", image.ErrUnsupported, err)
		}
	}
	return page, next, nil
}
