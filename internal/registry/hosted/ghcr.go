package hosted

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-github/v60/github"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// ghcr speaks GitHub's Packages API.
//
// A digest is a version of a package, known by a number, and goes with all of
// its tags; there is no way to take one tag away. The times of a version are
// the digest's. Reading the list is no download.
type ghcr struct {
	api  *api
	rest *github.Client
	pace *pace

	mu    sync.Mutex
	packs map[string]*pack // by repository
}

// pack is a package of which the versions were listed.
type pack struct {
	owner, name string
	user        bool // owned by a user, not by an organization
	versions    map[image.Digest]version
}

// version is a digest as it was listed.
type version struct {
	id   int64
	tags []string
}

func newGHCR(a *api) *ghcr {
	client := github.NewClient(&http.Client{
		Transport:     &authorized{inner: a.http.Transport, token: a.opts.token()},
		CheckRedirect: noRedirect,
	})
	client.BaseURL = &url.URL{Scheme: a.base.Scheme, Host: a.base.Host, Path: a.base.Path + "/"}
	return &ghcr{api: a, rest: client, pace: newPace(a.opts), packs: map[string]*pack{}}
}

// authorized adds the token, and hides the headers of limits, which are obeyed
// inside it, from go-github: it would refuse requests by them.
type authorized struct {
	inner http.RoundTripper
	token string
}

func (t *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.token != "" {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+t.token)
	}
	resp, err := t.inner.RoundTrip(req)
	if err == nil {
		for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"} {
			resp.Header.Del(name)
		}
	}
	return resp, err
}

// List implements [Registry].
func (g *ghcr) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if err := g.api.check(ref); err != nil {
		return retention.Listing{}, err
	}
	p, found, err := g.read(ctx, ref)
	if err != nil {
		return retention.Listing{}, err
	}
	c := g.api.collect()
	for _, v := range found {
		tags := tagsOf(v)
		if err := c.manifest(v.GetName(), later(v.GetCreatedAt().Time, v.GetUpdatedAt().Time).UTC(), tags); err != nil {
			return retention.Listing{}, err
		}
		known := p.versions[image.Digest(v.GetName())]
		p.versions[image.Digest(v.GetName())] = version{id: v.GetID(), tags: append(known.tags, tags...)}
	}
	if err := c.complete(ctx, ref); err != nil {
		return retention.Listing{}, err
	}
	g.mu.Lock()
	g.packs[ref.Repository] = p
	g.mu.Unlock()
	return c.listing(), nil
}

func tagsOf(v *github.PackageVersion) []string {
	if v.Metadata == nil || v.Metadata.Container == nil {
		return nil
	}
	return v.Metadata.Container.Tags
}

// DeleteTag implements [Registry]; GitHub refuses it always.
func (g *ghcr) DeleteTag(_ context.Context, ref image.Reference) error {
	if err := g.api.checkTag(ref); err != nil {
		return err
	}
	return fmt.Errorf("%w: GitHub Packages deletes versions with all of their tags, never one tag", image.ErrRefused)
}

// DeleteManifest implements [Registry]. The version is read again first: one
// that has a tag now which it had not when it was listed is refused.
func (g *ghcr) DeleteManifest(ctx context.Context, ref image.Reference) error {
	if err := g.api.checkDigest(ref); err != nil {
		return err
	}
	p, v, ok, err := g.known(ctx, ref)
	if err != nil {
		return err
	}
	if !ok {
		return g.api.gone(ctx, ref)
	}
	now, resp, err := g.version(ctx, p, v.id)
	if status(resp) == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return g.restError(ctx, resp, err)
	}
	if now.GetName() != string(ref.Digest) {
		return fmt.Errorf("%w: version %d is another digest now", image.ErrRefused, v.id)
	}
	for _, tag := range tagsOf(now) {
		if !slices.Contains(v.tags, tag) {
			return fmt.Errorf("%w: its tags have changed: it has the tag %q now, which it had not when it was listed", image.ErrRefused, tag)
		}
	}
	if err := g.pace.wait(ctx); err != nil {
		return err
	}
	resp, err = g.remove(ctx, p, v.id)
	switch status(resp) {
	case http.StatusNoContent, http.StatusNotFound:
		return nil
	case http.StatusBadRequest:
		return fmt.Errorf("%w: %s", image.ErrRefused, refusedVersion(err))
	}
	if err == nil {
		return nil
	}
	return g.restError(ctx, resp, err)
}

// refusedVersion says why GitHub does not delete a version, by its own words.
func refusedVersion(err error) string {
	var answer *github.ErrorResponse
	words := ""
	if errors.As(err, &answer) {
		words = strings.ToLower(answer.Message)
	}
	switch {
	case strings.Contains(words, "last tagged version"):
		return "GitHub answers HTTP 400: it is the last tagged version of the package; only the whole package can be deleted, which basekeeper does not"
	case strings.Contains(words, "download"):
		return "GitHub answers HTTP 400: a public version with more than 5,000 downloads cannot be deleted; GitHub's support can"
	}
	return "GitHub answers HTTP 400: it does not delete the last tagged version of a package, nor a public version with more than 5,000 downloads"
}

// known returns a version as it was listed, which is done where it was not yet;
// ok is false where there is none.
func (g *ghcr) known(ctx context.Context, ref image.Reference) (p *pack, v version, ok bool, err error) {
	look := func() (*pack, version, bool) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.packs[ref.Repository] == nil {
			return nil, version{}, false
		}
		v, ok := g.packs[ref.Repository].versions[ref.Digest]
		return g.packs[ref.Repository], v, ok
	}
	if p, v, ok = look(); ok {
		return p, v, ok, nil
	}
	if _, err := g.List(ctx, ref.Tagged("")); err != nil {
		return nil, version{}, false, err
	}
	p, v, ok = look()
	return p, v, ok, nil
}

// restError makes an error of a request that failed.
func (g *ghcr) restError(ctx context.Context, resp *github.Response, err error) error {
	if resp == nil || resp.Response == nil || resp.StatusCode < 300 {
		return g.api.describe(ctx, err)
	}
	return g.api.statusError(answer{status: resp.StatusCode, header: resp.Header, body: attempt.Body(resp.Response)})
}

func status(resp *github.Response) int {
	if resp == nil || resp.Response == nil {
		return 0
	}
	return resp.StatusCode
}
