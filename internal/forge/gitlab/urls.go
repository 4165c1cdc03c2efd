package gitlab

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strings"
)

// place is where the API's two halves are.
type place struct {
	rest    *url.URL // ends in a slash
	graphql *url.URL
}

// restPath is where the API is below GitLab's address.
const restPath = "/api/v4"

// locate returns the API of the GitLab at base.
func locate(base string) (place, error) {
	if base == "" {
		base = "https://gitlab.com"
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return place{}, errors.New("the base URL is no URL such as https://gitlab.example.com") // without its text: it may hold a password
	}
	switch {
	case u.User != nil:
		return place{}, errors.New("the base URL holds a user or a password; give the token apart")
	case u.RawQuery != "" || u.Fragment != "":
		return place{}, fmt.Errorf("base URL %s: it must have no query and no fragment", u.Redacted())
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return place{}, fmt.Errorf("base URL %s: only https is safe for a token", u.Redacted())
	}
	at := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), restPath)
	if at != "" && (path.Clean(at) != at || u.RawPath != "") {
		return place{}, fmt.Errorf("base URL %s: unexpected path %s", u, u.Path)
	}
	in := func(path string) *url.URL { return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: at + path} }
	return place{rest: in(restPath + "/"), graphql: in("/api/graphql")}, nil
}

// holds reports whether u is of the API.
func (p place) holds(u *url.URL) bool {
	if u.Scheme != p.rest.Scheme || !strings.EqualFold(u.Host, p.rest.Host) || strings.Contains(u.Path, "/../") {
		return false
	}
	if u.Path == p.graphql.Path {
		return true
	}
	return strings.HasPrefix(u.Path, p.rest.Path)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
