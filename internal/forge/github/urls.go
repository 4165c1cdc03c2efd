package github

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// place is where the API's two halves are.
type place struct {
	rest    *url.URL // ends in a slash
	graphql *url.URL
}

// locate returns the API at base: GitHub.com has a host for it, Enterprise
// Server two paths.
func locate(base string) (place, error) {
	if base == "" {
		base = "https://api.github.com"
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return place{}, errors.New("the base URL is no URL such as https://github.example.com") // without its text: it may hold a password
	}
	switch {
	case u.User != nil:
		return place{}, errors.New("the base URL holds a user or a password; give the token apart")
	case u.RawQuery != "" || u.Fragment != "":
		return place{}, fmt.Errorf("base URL %s: it must have no query and no fragment", u.Redacted())
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return place{}, fmt.Errorf("base URL %s: only https is safe for a token", u.Redacted())
	}
	root := url.URL{Scheme: u.Scheme, Host: u.Host}
	if root.Host == "github.com" || strings.HasSuffix(root.Host, ".ghe.com") && !strings.HasPrefix(root.Host, "api.") {
		root.Host = "api." + root.Host
	}
	if strings.HasPrefix(root.Host, "api.") {
		return place{rest: root.JoinPath("/"), graphql: root.JoinPath("graphql")}, checkPath(u, "")
	}
	return place{rest: root.JoinPath("api/v3/"), graphql: root.JoinPath("api/graphql")}, checkPath(u, "/api/v3")
}

func checkPath(u *url.URL, allowed string) error {
	if p := strings.TrimRight(u.Path, "/"); p != "" && p != allowed {
		return fmt.Errorf("base URL %s: unexpected path %s", u, u.Path)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
