package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
)

// Organization is whose repositories the world has; on GitLab it is a group.
const Organization = "acme"

// Token lets one do on the world's forge what basekeeper does, and nothing
// elsewhere.
const Token = "sandbox-token"

// WorldOptions say what a world has, where it listens and what time it is
// there.
type WorldOptions struct {
	Flavor forge.Flavor
	// RegistryAddr and ForgeAddr are HOST:PORT on the loopback interface;
	// empty, or with port 0, for a free port.
	RegistryAddr, ForgeAddr string
	Now                     func() time.Time
}

// World is a registry and a forge on this machine's loopback interface.
type World struct {
	Registry string // in references: HOST:PORT
	Forge    string // URL of GitHub's API, or of GitLab

	flavor   forge.Flavor
	registry *sandbox.Registry
	site     site
	digests  map[string]image.Digest // of what was published last, by name and tag
	ends     []func() error
}

// StartWorld starts a world that runs until it is closed or ctx ends. It has an
// organisation, or a group, without repositories, and no images. The error wraps
// [ErrAddress] for an address that is not this machine's own.
func StartWorld(ctx context.Context, opts WorldOptions) (*World, error) {
	w := &World{flavor: opts.Flavor, digests: map[string]image.Digest{}}
	if err := w.start(ctx, opts); err != nil {
		_ = w.Close() // what there is of it; the error matters
		return nil, err
	}
	return w, nil
}

func (w *World) start(ctx context.Context, opts WorldOptions) error {
	if err := w.startRegistry(ctx, opts.RegistryAddr); err != nil {
		return fmt.Errorf("start the registry: %w", err)
	}
	if err := w.startSite(ctx, opts); err != nil {
		return fmt.Errorf("start %s: %w", opts.Flavor, err)
	}
	return nil
}

func (w *World) startRegistry(ctx context.Context, address string) error {
	registry, err := sandbox.StartRegistry(ctx)
	if err != nil {
		return err
	}
	w.ends = append(w.ends, registry.Close)
	w.registry, w.Registry = registry, registry.Host()
	if address == "" {
		return nil
	}
	through := forward(registry.Host())
	front, err := openFront(ctx, address, through)
	if err != nil {
		return err
	}
	w.Registry = front.address
	w.ends = append(w.ends, func() error {
		err := front.close()
		through.Transport.(*http.Transport).CloseIdleConnections() //nolint:forcetypeassert // forward made it
		return err
	})
	return nil
}

func (w *World) startSite(ctx context.Context, opts WorldOptions) error {
	w.site = newSite(opts)
	front, err := openFront(ctx, cmp.Or(opts.ForgeAddr, "127.0.0.1:0"), w.site.Handler())
	if err != nil {
		return err
	}
	w.Forge = "http://" + front.address
	w.ends = append(w.ends, front.close)
	return nil
}

// MergePath is the path, below Forge, that merges a pull or merge request of one
// of the world's repositories by PUT.
func (w *World) MergePath(repository string, number int) string {
	if w.flavor == forge.GitLab {
		return fmt.Sprintf("/api/v4/projects/%s/merge_requests/%d/merge", url.PathEscape(w.full(repository)), number)
	}
	return fmt.Sprintf("/repos/%s/pulls/%d/merge", w.full(repository), number)
}

// Close ends the world; what it holds is gone.
func (w *World) Close() error {
	var all []error
	for i := len(w.ends) - 1; i >= 0; i-- {
		all = append(all, w.ends[i]())
	}
	w.ends = nil
	return errors.Join(all...)
}

// environment is what a command needs to work on the world.
func (w *World) environment(name string) string {
	words := WordsOf(w.flavor)
	return map[string]string{words.Address: w.Forge, words.Token: Token}[name]
}
