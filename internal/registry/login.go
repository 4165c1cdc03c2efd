package registry

import (
	"context"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Login returns the user name and the password that ref's registry is shown,
// for the registry's own API beside OCI's. Both are empty for a registry that
// is asked anonymously; the user is empty where a token stands for itself.
//
// The error says whose credentials could not be had; it holds no secret.
func (c *Client) Login(ctx context.Context, ref image.Reference) (user, password string, err error) {
	r, err := c.repository(ref)
	if err != nil {
		return "", "", err
	}
	held, err := r.held(ctx)
	if err != nil {
		return "", "", err
	}
	config, err := authn.Authorization(ctx, held.auth)
	if err != nil {
		return "", "", held.failed()
	}
	if config.RegistryToken != "" {
		return "", config.RegistryToken, nil
	}
	return config.Username, config.Password, nil
}
