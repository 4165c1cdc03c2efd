package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Platform returns the platform that a single image was built for, as its
// configuration says. manifest is the image's manifest, read from ref's
// repository; nil has it read first.
//
// The errors are those of [Client.Manifest]; [image.ErrUnsupported] is also
// for a manifest whose configuration is no image's.
//
// Spec: OCI image-spec v1.1, config.md.
func (c *Client) Platform(ctx context.Context, manifest []byte, ref image.Reference) (image.Platform, error) {
	if manifest == nil {
		var err error
		if manifest, _, err = c.Manifest(ctx, ref); err != nil {
			return image.Platform{}, err
		}
	}
	body, err := c.configuration(ctx, ref, manifest)
	if err != nil {
		return image.Platform{}, err
	}
	var platform image.Platform
	if err := json.Unmarshal(body, &platform); err != nil || platform.Unknown() {
		return image.Platform{}, fmt.Errorf("%w: the configuration names no platform", image.ErrUnsupported)
	}
	return platform, nil
}

// configuration reads the configuration that a single image's manifest names.
func (c *Client) configuration(ctx context.Context, ref image.Reference, manifest []byte) ([]byte, error) {
	var said struct {
		Config image.Descriptor `json:"config"`
	}
	if err := json.Unmarshal(manifest, &said); err != nil || said.Config.Digest == "" {
		return nil, fmt.Errorf("%w: the manifest names no configuration", image.ErrUnsupported)
	}
	if _, err := image.ParseDigest(said.Config.Digest.String()); err != nil {
		return nil, fmt.Errorf("%w: its configuration: %w", image.ErrUnsupported, err)
	}
	r, err := c.repository(ref)
	if err != nil {
		return nil, err
	}
	return r.blob(ctx, said.Config.Digest)
}

// blob reads a small blob and checks it against its digest.
func (r *repository) blob(ctx context.Context, digest image.Digest) ([]byte, error) {
	got, err := r.do(ctx, request{method: http.MethodGet, endpoint: "blobs/" + digest.String()})
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK {
		return nil, r.statusError(verbAsk, got.status, codeOf(got.body))
	}
	_, err = verified(got.body, digest)
	return got.body, err
}
