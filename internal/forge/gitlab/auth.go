package gitlab

import (
	"errors"
	"net/http"
)

// authorized adds the token to requests to the API itself. It sits below
// http.Client, which follows redirects, and so decides anew for each request:
// another host, port, scheme or path gets nothing. Every kind of token that the
// client takes is good as a bearer, and OAuth's as nothing else.
//
// Spec: GitLab's "REST API authentication".
type authorized struct {
	inner     http.RoundTripper
	api       place
	userAgent string
	token     string
}

func (t *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Header.Del("Authorization")
	out.Header.Del("Private-Token")
	out.Header.Del("Job-Token")
	out.Header.Set("User-Agent", t.userAgent)
	if t.token != "" && t.api.holds(req.URL) {
		out.Header.Set("Authorization", "Bearer "+t.token)
	}
	return t.inner.RoundTrip(out)
}

var errRedirects = errors.New("too many redirects")

// checkRedirect follows a few redirects: a project that was renamed is one.
// Nothing that writes is sent on, since it would become a GET, or go where
// nobody meant it to.
func checkRedirect(req *http.Request, via []*http.Request) error {
	const most = 5
	switch {
	case len(via) > most:
		return errRedirects
	case via[0].Method != http.MethodGet && via[0].Method != http.MethodHead, callOf(via[0]).write:
		return http.ErrUseLastResponse
	case req.URL.Scheme == "http" && via[0].URL.Scheme == "https":
		return errors.New("redirected from https to plain http")
	}
	return nil
}
