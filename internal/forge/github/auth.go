package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// credentials knows the token for a request.
type credentials interface {
	token(ctx context.Context, c call) (string, error)
}

// fixed is the one token that was given.
type fixed string

func (f fixed) token(context.Context, call) (string, error) { return string(f), nil }

// authorized adds the token to requests to the API itself. It sits below
// http.Client, which follows redirects, and so decides anew for each request:
// another host, port or scheme gets nothing. A wait for a limit is over by
// then, however long it was, and the token good.
type authorized struct {
	inner       http.RoundTripper
	api         *url.URL
	userAgent   string
	credentials credentials
}

func (t *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Header.Del("Authorization")
	out.Header.Set("User-Agent", t.userAgent)
	if req.URL.Host == t.api.Host && req.URL.Scheme == t.api.Scheme {
		token, err := t.credentials.token(req.Context(), callOf(req))
		if err != nil {
			return nil, err
		}
		out.Header.Set("Authorization", "Bearer "+token)
		out.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	}
	return t.inner.RoundTrip(out)
}

var errRedirects = errors.New("too many redirects")

// checkRedirect follows a few redirects: a renamed repository is one.
func checkRedirect(_ *http.Request, via []*http.Request) error {
	const most = 5
	if len(via) > most {
		return errRedirects
	}
	return nil
}
