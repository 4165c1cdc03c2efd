package registry

import (
	"errors"
	"net/http"
)

var (
	errRedirects       = errors.New("too many redirects")
	errRedirectPrivate = errors.New("the registry redirects to a private address, which is refused")
	errRedirectWrite   = errors.New("the registry redirects a write in a way that would turn it into a read")
)

// authorized adds the Authorization header to requests to the registry itself.
// It sits below http.Client, which follows redirects, and so decides anew for
// each request: another host, port or scheme gets nothing.
type authorized struct {
	inner         http.RoundTripper
	scheme, host  string
	authorization string
}

func (t *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	// No request comes with an Authorization: try sets none, and http.Client
	// makes one only from the userinfo of a URL that the registry redirects to.
	own := t.authorization != "" && req.URL.Host == t.host && req.URL.Scheme == t.scheme
	if own || req.Header.Get("Authorization") != "" {
		req = shallow(req)
		req.Header.Del("Authorization")
	}
	if own {
		req.Header.Set("Authorization", t.authorization)
	}
	return t.inner.RoundTrip(req)
}

// shallow returns a copy of req whose headers can be changed.
func shallow(req *http.Request) *http.Request {
	out := new(http.Request)
	*out = *req
	out.Header = req.Header.Clone()
	return out
}

// checkRedirect follows a few redirects, but none from a public host into a
// private network, where it could read what only this machine can reach, and
// none that changes the method: the answer to a GET says nothing of a DELETE.
func checkRedirect(req *http.Request, via []*http.Request) error {
	const most = 5
	if len(via) > most {
		return errRedirects
	}
	if req.Method != via[0].Method {
		return errRedirectWrite
	}
	if isPrivate(req.URL.Host) && !isPrivate(via[0].URL.Host) {
		return errRedirectPrivate
	}
	return nil
}
