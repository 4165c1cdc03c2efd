package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/basekeeper/basekeeper/internal/image"
)

// publisher is the user agent of our own requests, which are not counted.
const publisher = "basekeeper-sandbox-publisher"

// Registry is an OCI registry in memory that speaks plain HTTP on a free port
// of 127.0.0.1, to anyone and without credentials. It knows the referrers API.
type Registry struct {
	host      string
	server    *http.Server
	transport *http.Transport
	ended     chan struct{}
	release   func() bool // forgets the context given to StartRegistry

	mu       sync.Mutex
	requests []string
}

// StartRegistry starts a registry that runs until it is closed or ctx ends.
func StartRegistry(ctx context.Context) (*Registry, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start registry: %w", err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start registry: %w", err)
	}
	silent := log.New(io.Discard, "", 0)
	handler := registry.New(registry.Logger(silent), registry.WithReferrersSupport(true))
	r := &Registry{
		host:      listener.Addr().String(),
		transport: &http.Transport{MaxIdleConnsPerHost: 4}, // no proxy: it is our own machine
		ended:     make(chan struct{}),
	}
	r.server = &http.Server{Handler: r.counted(handler), ErrorLog: silent, ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(r.ended)
		_ = r.server.Serve(listener) // it ends by Close only
	}()
	r.release = context.AfterFunc(ctx, func() { _ = r.server.Close() })
	return r, nil
}

// Host returns the registry's name in references: 127.0.0.1:PORT.
func (r *Registry) Host() string { return r.host }

// Close ends the registry and all its connections; what it holds is gone.
func (r *Registry) Close() error {
	r.release()
	err := r.server.Close()
	<-r.ended
	r.transport.CloseIdleConnections()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("close registry: %w", err)
	}
	return nil
}

// Requests returns what the registry was asked until now, in the order of
// arrival, as in "HEAD /v2/library/debian/manifests/12". The requests that
// [Registry.Publish] makes are left out.
func (r *Registry) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

func (r *Registry) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("User-Agent") != publisher {
			r.mu.Lock()
			r.requests = append(r.requests, req.Method+" "+req.URL.RequestURI())
			r.mu.Unlock()
		}
		next.ServeHTTP(w, req)
	})
}

// roundTripper sends the requests that are our own.
type roundTripper struct{ next http.RoundTripper }

func (t roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", publisher)
	return t.next.RoundTrip(req)
}

// Digest returns what a tag points at; empty where it is not there. The request
// is not counted.
func (r *Registry) Digest(ctx context.Context, repository, tag string) (image.Digest, error) {
	ref, err := name.NewTag(r.host + "/" + repository + ":" + tag)
	if err != nil {
		return "", fmt.Errorf("resolve %s:%s: %w", repository, tag, err)
	}
	got, err := remote.Head(ref, r.options(ctx)...)
	var status *transport.Error
	switch {
	case errors.As(err, &status) && status.StatusCode == http.StatusNotFound:
		return "", nil
	case err != nil:
		return "", fmt.Errorf("resolve %s:%s: %w", repository, tag, err)
	}
	return image.Digest(got.Digest.String()), nil
}
