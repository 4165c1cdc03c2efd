package hosted

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

const (
	// maxBody bounds an answer in bytes. The largest is Google's list of all of
	// a repository: 10^5 manifests of about 400 bytes.
	maxBody = 64 << 20
	// maxPages bounds a list: 10^6 entries at a hundred each.
	maxPages = 10_000
	// pageSize is what is asked for, the most that most of the APIs give.
	pageSize = 100
)

// api is a registry's own API, reached with bounds and repetitions.
type api struct {
	trait Trait
	opts  Options
	base  *url.URL
	http  *http.Client
}

// newAPI finds where the API is.
func newAPI(trait Trait, opts Options) (*api, error) {
	at := opts.Host
	if at == "" {
		at = defaultHost(trait.Family, opts.Registry)
	}
	base, err := url.Parse(strings.TrimRight(at, "/"))
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" {
		return nil, fmt.Errorf("find the API of %s: want a URL like https://registry.corp", opts.Registry)
	}
	if base.Scheme != "https" && (base.Scheme != "http" || !isLoopback(base.Hostname())) {
		return nil, fmt.Errorf("find the API of %s: %s is not https, and credentials go nowhere else", opts.Registry, base.Host)
	}
	a := &api{trait: trait, opts: opts, base: base}
	a.http = &http.Client{Transport: a.transport(), CheckRedirect: noRedirect}
	return a, nil
}

// noRedirect makes a redirect an answer like another: none of the APIs has one
// that matters, and credentials would have to stay behind.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (a *api) transport() http.RoundTripper {
	o := a.opts
	limited := isLimited
	if a.trait.Family == GHCR {
		limited = isGitHubLimited
	}
	t := repeated(&attempt.Exchange{Inner: o.Transport, Timeout: o.Timeout, MaxBody: maxBody}, o, limited)
	return &guarded{inner: t, base: a.base, userAgent: o.UserAgent}
}

// defaultHost is where the API of a family is if nothing else is said.
func defaultHost(family Family, registry string) string {
	switch {
	case family == GHCR && registry == "ghcr.io":
		return "https://api.github.com"
	case family == GitLab && registry == "registry.gitlab.com":
		return "https://gitlab.com"
	case family == GHCR, family == GitLab:
		return "" // the host of the forge is not the registry's
	case family == DockerHub:
		return "https://hub.docker.com"
	case isLoopback(hostname(registry)):
		return "http://" + registry
	}
	return "https://" + registry
}

func hostname(host string) string { return (&url.URL{Host: host}).Hostname() }

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// guarded is the last decorator before the repetitions: it sends to the API's
// own host only, and names us.
type guarded struct {
	inner     http.RoundTripper
	base      *url.URL
	userAgent string
}

func (t *guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != t.base.Scheme || req.URL.Host != t.base.Host {
		return nil, errElsewhere
	}
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", t.userAgent)
	return t.inner.RoundTrip(req)
}

var errElsewhere = errors.New("the answer leads to another host, which is refused")

// call is a request.
type call struct {
	method    string
	path      string // escaped, under the base
	query     url.Values
	body      any // sent as JSON; of type url.Values, as a form
	authorize func(*http.Request)
	login     *login // a token that is exchanged first; nil for none
}

// answer is what came back, whatever its status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send sends a call; the error is that there is no answer, or no token.
func (a *api) send(ctx context.Context, c call) (answer, error) {
	if c.login != nil {
		return c.login.send(ctx, a, c)
	}
	req, err := a.request(ctx, c)
	if err != nil {
		return answer{}, err
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return answer{}, a.describe(ctx, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read already, by attempt.Exchange
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, a.describe(ctx, err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

func (a *api) request(ctx context.Context, c call) (*http.Request, error) {
	at := a.base.String() + c.path
	if len(c.query) > 0 {
		at += "?" + c.query.Encode()
	}
	content, contentType, err := encode(c.body)
	if err != nil {
		return nil, fmt.Errorf("ask %s: the request cannot be written", a.base.Host)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, at, bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %q is no path", a.base.Host, c.path)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept", "application/json")
	if c.authorize != nil {
		c.authorize(req)
	}
	return req, nil
}

func encode(body any) (content []byte, contentType string, err error) {
	switch b := body.(type) {
	case nil:
		return nil, "", nil
	case url.Values:
		return []byte(b.Encode()), "application/x-www-form-urlencoded", nil
	}
	content, err = json.Marshal(body)
	return content, "application/json", err
}

// get reads an answer into a value. The error wraps [image.ErrNotFound] and
// [image.ErrDenied].
func (a *api) get(ctx context.Context, c call, into any) (http.Header, error) {
	c.method = http.MethodGet
	got, err := a.send(ctx, c)
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK {
		return nil, a.statusError(got)
	}
	return got.header, a.decode(got.body, into)
}

func (a *api) decode(body []byte, into any) error {
	if json.Unmarshal(body, into) != nil {
		return fmt.Errorf("ask %s: the answer is malformed", a.base.Host)
	}
	return nil
}

// basic is the authorization by user and password.
func (a *api) basic(req *http.Request) {
	if a.opts.User != "" || a.opts.Password != "" {
		req.SetBasicAuth(a.opts.User, a.opts.Password)
	}
}

// bearer returns the authorization by a token; none for the empty token.
func bearer(token string) func(*http.Request) {
	return func(req *http.Request) {
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
	}
}
