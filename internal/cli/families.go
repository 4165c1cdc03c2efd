package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// prune is the flow that deletes, with each registry's own way to list and
// delete.
func (l *lifecycle) prune(ctx context.Context, images []image.Reference) (prune.Flow, error) {
	own, err := l.families(ctx, images)
	return prune.Flow{
		Lister: own, Deleter: own, Content: l.registry, Store: l.store, Memory: l.memory, Now: l.env.Now(),
	}, err
}

// families lists and deletes by a registry's own API, or else by OCI's.
type families struct {
	oci *registry.Client
	own map[string]hosted.Registry // by host
}

func (l *lifecycle) families(ctx context.Context, images []image.Reference) (families, error) {
	f := families{oci: l.registry, own: map[string]hosted.Registry{}}
	for _, ref := range images {
		if _, known := f.own[ref.Registry]; known {
			continue
		}
		own, err := l.family(ctx, ref)
		if err != nil {
			return f, fmt.Errorf("registry %s: %w", ref.Registry, err)
		}
		f.own[ref.Registry] = own
	}
	return f, nil
}

// family returns the client for the registry's own API; nil for plain OCI. The
// configuration and the host decide, or else what the registry answers.
func (l *lifecycle) family(ctx context.Context, ref image.Reference) (hosted.Registry, error) {
	c := l.config.Registries[ref.Registry]
	opts := hosted.Options{
		Registry: ref.Registry, OCI: l.registry, Concurrency: l.opts.concurrency, Sleep: l.env.Sleep, Now: l.env.Now,
		UserAgent: "basekeeper/" + version(),
	}
	var err error
	api := c.API
	if api == "" && ref.Registry == cmp.Or(l.config.GitLab.Registry, l.env.Getenv("CI_REGISTRY")) {
		api = string(hosted.GitLab)
	}
	family, ok := hosted.Choose(ref, api)
	if !ok && c.API == "" && !c.PlainHTTP && !loopback(ref.Registry) {
		if opts.Transport, err = l.trusting(c.CAFile); err != nil {
			return nil, err
		}
		if family, ok, err = hosted.Probe(ctx, ref, opts); err != nil {
			return nil, err
		}
	}
	if !ok {
		return nil, nil //nolint:nilnil // plain OCI is no mistake
	}
	if opts.Transport, err = l.apiCA(family, c.CAFile); err != nil {
		return nil, err
	}
	user, password, err := l.registry.With(registry.Delete).Login(ctx, ref)
	if err != nil {
		return nil, err
	}
	opts.User, opts.Password = user, password
	opts.Host = l.apiOf(family, ref.Registry)
	return hosted.New(family, opts)
}

// apiCA trusts, for the API of a registry, the certificate authorities of the
// file that the configuration has for it, or else those that a pipeline has for
// its GitLab.
func (l *lifecycle) apiCA(family hosted.Family, file string) (http.RoundTripper, error) {
	if file == "" && family == hosted.GitLab {
		file = l.env.Getenv("CI_SERVER_TLS_CA_FILE")
	}
	return l.trusting(file)
}

// trusting is ownCA, unless the environment has a transport.
func (l *lifecycle) trusting(file string) (http.RoundTripper, error) {
	if l.env.Transport != nil {
		return l.env.Transport, nil
	}
	return ownCA(file)
}

// ownCA is a transport that trusts the certificate authorities of a file too;
// nil for the default where none is named.
func ownCA(file string) (http.RoundTripper, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // the default is meant
	}
	pem, err := readLimited(file, maxCA)
	if err != nil {
		return nil, fmt.Errorf("ca-file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("ca-file: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca-file %s: there is no certificate in it", file)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return transport, nil
}

// apiOf is where the API of a forge's registry is that is not the public one's;
// empty for where it is by the family.
func (l *lifecycle) apiOf(family hosted.Family, registry string) string {
	switch {
	case family == hosted.GHCR && registry != "ghcr.io" && l.config.GitHub.URL != "":
		return l.config.GitHub.URL + "/api/v3"
	case family == hosted.GHCR && registry != "ghcr.io":
		return strings.TrimSuffix(l.env.Getenv("GITHUB_API_URL"), "/")
	case family == hosted.GitLab && registry != "registry.gitlab.com": // gitlab.com is not meant where nothing is said: its credentials are others
		return strings.TrimSuffix(cmp.Or(l.opts.remote.gitlabURL, l.config.GitLab.URL, l.env.Getenv("CI_SERVER_URL")), "/")
	}
	return ""
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return name == "localhost" || err == nil && addr.IsLoopback()
}

// List implements the flow's interface.
func (f families) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if own := f.own[ref.Registry]; own != nil {
		return own.List(ctx, ref)
	}
	return f.oci.List(ctx, ref)
}

// planning lists without asking an OCI registry whether it can delete single
// tags, which takes a DELETE: it is taken for granted. Where it is not so, the
// run that deletes finds out, and leaves a digest that has other tags.
type planning struct{ families }

// List implements the flow's interface.
func (p planning) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if own := p.own[ref.Registry]; own != nil {
		return own.List(ctx, ref)
	}
	listing, err := p.oci.With(registry.Pull).List(ctx, ref)
	listing.TagDelete = true
	return listing, err
}

// DeleteTag implements the flow's interface.
func (f families) DeleteTag(ctx context.Context, ref image.Reference) error {
	if own := f.own[ref.Registry]; own != nil {
		return own.DeleteTag(ctx, ref)
	}
	return f.oci.DeleteTag(ctx, ref)
}

// DeleteManifest implements the flow's interface.
func (f families) DeleteManifest(ctx context.Context, ref image.Reference) error {
	if own := f.own[ref.Registry]; own != nil {
		return own.DeleteManifest(ctx, ref)
	}
	return f.oci.DeleteManifest(ctx, ref)
}
