package registry

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// repository is one repository at a registry, with the credentials and the
// token for it.
type repository struct {
	session    *session
	path       string // at the host contacted, a mirror's prefix included
	access     Access
	credential *memo[credential]
	token      *memo[*bearerToken]
}

// bearerToken is compared by its address: a service may issue the same text
// again.
type bearerToken struct{ value string }

// request is what is asked of a registry. It can be sent again.
type request struct {
	method      string
	endpoint    string     // under the repository: manifests/REFERENCE, blobs/DIGEST
	query       url.Values // of the endpoint
	at          *url.URL   // in place of endpoint and query: a link that the registry gave
	accept      string     // empty for the media types of manifests
	contentType string
	body        []byte
	list        bool // a page of tags, which may be larger than other answers
}

// answer is what a registry answered, its body read and bounded.
type answer struct {
	status int
	header http.Header
	size   int64    // Content-Length in bytes, -1 for unknown
	url    *url.URL // what was asked, before redirects
	body   []byte
}

// do sends a request. An answer of any status is no error.
func (r *repository) do(ctx context.Context, req request) (answer, error) {
	challenge, err := r.session.challenge(ctx)
	if err != nil {
		return answer{}, r.describe(ctx, "ping", err)
	}
	a, used, err := r.try(ctx, challenge, req)
	if err == nil && a.status == http.StatusUnauthorized && used != nil {
		r.token.forget(ctx, func(token *bearerToken) bool { return token == used })
		a, _, err = r.try(ctx, challenge, req)
	}
	return a, err
}

// try sends one request and returns the token that it used, nil for none.
func (r *repository) try(ctx context.Context, challenge *transport.Challenge, asked request) (answer, *bearerToken, error) {
	authorization, token, err := r.authorization(ctx, challenge)
	if err != nil {
		return answer{}, nil, err
	}
	req := r.request(ctx, challenge, asked)
	send := r.session.send
	if asked.list {
		send = r.session.list
	}
	client := http.Client{
		Transport:     &authorized{inner: send, scheme: scheme(challenge), host: r.session.at.host(), authorization: authorization},
		CheckRedirect: checkRedirect,
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, nil, r.describe(ctx, asked.verb(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body) // from memory: attempt.Exchange has read it
	if err != nil {
		return answer{}, nil, r.describe(ctx, asked.verb(), err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, size: resp.ContentLength, url: req.URL, body: body}, token, nil
}

// request makes the HTTP request; its body can be had again for a repetition.
func (r *repository) request(ctx context.Context, challenge *transport.Challenge, asked request) *http.Request {
	target := asked.at
	if target == nil {
		target = &url.URL{Path: "/v2/" + r.path + "/" + asked.endpoint, RawQuery: asked.query.Encode()}
	}
	target = (&url.URL{Scheme: scheme(challenge), Host: r.session.at.host()}).ResolveReference(target)
	req := &http.Request{Method: asked.method, URL: target, Host: target.Host, Header: http.Header{
		"Accept": {cmp.Or(asked.accept, accepted)}, "User-Agent": {r.session.userAgent},
	}}
	if asked.contentType != "" {
		req.Header.Set("Content-Type", asked.contentType)
	}
	if len(asked.body) > 0 {
		req.ContentLength = int64(len(asked.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(asked.body)), nil }
		req.Body, _ = req.GetBody()
	}
	return req.WithContext(ctx)
}

func scheme(challenge *transport.Challenge) string {
	if challenge.Insecure {
		return "http"
	}
	return "https"
}

func isBearer(challenge *transport.Challenge) bool {
	return strings.EqualFold(challenge.Scheme, "bearer")
}

// authorization returns the value of the Authorization header, empty where the
// registry is asked anonymously, and the token in it if it is one.
func (r *repository) authorization(ctx context.Context, challenge *transport.Challenge) (string, *bearerToken, error) {
	if isBearer(challenge) {
		token, err := r.token.get(ctx, func(ctx context.Context) (*bearerToken, error) { return r.newToken(ctx, challenge) })
		if err != nil {
			return "", nil, err
		}
		return "Bearer " + token.value, token, nil
	}
	held, err := r.held(ctx)
	if err != nil {
		return "", nil, err
	}
	header, err := held.basic(ctx)
	return header, nil, err
}

func (r *repository) held(ctx context.Context) (credential, error) {
	return r.credential.get(ctx, func(ctx context.Context) (credential, error) {
		return r.session.keys.lookup(ctx, r.session.at, r.path)
	})
}

// newToken exchanges the credentials for a token for r.
//
// Spec: distribution, "Token Authentication Specification".
func (r *repository) newToken(ctx context.Context, challenge *transport.Challenge) (*bearerToken, error) {
	check := func(realm string) error { return r.session.checkRealm(realm, challenge.Insecure) }
	realm := challenge.Parameters["realm"]
	if err := check(realm); err != nil {
		return nil, err
	}
	held, err := r.held(ctx)
	if err != nil {
		return nil, err
	}
	config, err := authn.Authorization(ctx, held.auth)
	if err != nil {
		return nil, held.failed()
	}
	if config.RegistryToken != "" {
		return &bearerToken{config.RegistryToken}, nil
	}
	// go-containerregistry refuses private addresses as token service unless
	// they are the registry's; the realm has been checked more strictly here.
	service, err := name.NewRegistry(realmHost(realm))
	if err != nil {
		return nil, &realmError{registry: familiarHost(r.session.at.host()), reason: "its address is no URL"}
	}
	via := &realmBound{inner: r.session.send, check: check}
	scope := "repository:" + r.path + ":" + r.access.actions()
	token, err := transport.Exchange(withKind(ctx, kindToken), service, authn.FromConfig(*config), via, []string{scope}, challenge)
	if err != nil {
		return nil, r.describe(ctx, "get a token from "+service.RegistryStr()+" for", err)
	}
	return &bearerToken{cmp.Or(token.AccessToken, token.Token)}, nil
}

func realmHost(realm string) string {
	u, err := url.Parse(realm)
	if err != nil {
		return ""
	}
	return u.Host
}
