package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// Organization is whose repositories the world has.
const Organization = "acme"

// Token lets one do everything on the world's GitHub, and nothing elsewhere.
const Token = "sandbox-token"

// keeper is whose token it is: an App, whose commits GitHub signs.
const keeper = "basekeeper[bot]"

// WorldOptions say where a world listens and what time it is there.
type WorldOptions struct {
	// RegistryAddr and GitHubAddr are HOST:PORT on the loopback interface;
	// empty, or with port 0, for a free port.
	RegistryAddr, GitHubAddr string
	Now                      func() time.Time
}

// World is a registry and a GitHub on this machine's loopback interface.
type World struct {
	Registry string // in references: HOST:PORT
	GitHub   string // the API's URL

	registry *sandbox.Registry
	github   *hub.Server
	digests  map[string]image.Digest // of what was published last, by name and tag
	ends     []func() error
}

// StartWorld starts a world that runs until it is closed or ctx ends. It has an
// organisation without repositories, and no images. The error wraps
// [ErrAddress] for an address that is not this machine's own.
func StartWorld(ctx context.Context, opts WorldOptions) (*World, error) {
	w := &World{digests: map[string]image.Digest{}}
	if err := w.start(ctx, opts); err != nil {
		_ = w.Close() // what there is of it; the error matters
		return nil, err
	}
	w.github.AddOrganization(Organization)
	w.github.AddToken(Token, hub.Token{Login: keeper, Kind: hub.InstallationToken})
	return w, nil
}

func (w *World) start(ctx context.Context, opts WorldOptions) error {
	if err := w.startRegistry(ctx, opts.RegistryAddr); err != nil {
		return fmt.Errorf("start the registry: %w", err)
	}
	if err := w.startGitHub(ctx, opts); err != nil {
		return fmt.Errorf("start GitHub: %w", err)
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

func (w *World) startGitHub(ctx context.Context, opts WorldOptions) error {
	if opts.GitHubAddr == "" {
		github, err := hub.Start(ctx, hub.Options{Now: opts.Now})
		if err != nil {
			return err
		}
		w.github, w.GitHub = github, github.URL()
		w.ends = append(w.ends, github.Close)
		return nil
	}
	w.github = hub.New(hub.Options{Now: opts.Now})
	front, err := openFront(ctx, opts.GitHubAddr, w.github.Handler())
	if err != nil {
		return err
	}
	w.GitHub = "http://" + front.address
	w.ends = append(w.ends, front.close)
	return nil
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
	return map[string]string{"GITHUB_API_URL": w.GitHub, "GITHUB_TOKEN": Token}[name]
}
