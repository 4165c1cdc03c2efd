package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// tokenServices are the registries whose token service is on another host, as
// their operators run them. What is not here can be configured.
func tokenServices() map[string]string {
	return map[string]string{
		"index.docker.io":           "auth.docker.io",
		"registry-1.docker.io":      "auth.docker.io",
		"registry.gitlab.com":       "gitlab.com",
		"docker.elastic.co":         "docker-auth.elastic.co",
		"registry.suse.com":         "scc.suse.com",
		"registry.digitalocean.com": "api.digitalocean.com",
		"lscr.io":                   "ghcr.io",
	}
}

// realmError refuses a token service that a registry names but that is not
// known to be its own, so that credentials do not go to whoever can answer in
// the registry's name.
type realmError struct {
	registry string // as people write it
	realm    string // host named by the challenge; the rest of its URL is not repeated
	reason   string
}

func (e *realmError) Error() string {
	if e.reason != "" {
		return fmt.Sprintf("%s names a token service that cannot be used: %s", e.registry, e.reason)
	}
	return fmt.Sprintf("%s names %q as its token service, which is not known to belong to it, so no credentials are sent there; "+
		"if it does, set token-service to that host in the configuration of %s", e.registry, e.realm, e.registry)
}

// checkRealm decides whether the registry at host may have its tokens from
// realm, the URL of a WWW-Authenticate challenge. Allowed are the registry's own
// hostname whatever the port, its known token service, and the hosts in also,
// of which one with a port allows only that port. plain allows HTTP.
//
// Spec: distribution, "Token Authentication Specification".
func checkRealm(host, realm string, plain bool, also ...string) error {
	refuse := &realmError{registry: familiarHost(host)}
	u, err := url.Parse(realm)
	switch {
	case err != nil || u.Host == "":
		refuse.reason = "its address is no URL"
		return refuse
	case u.User != nil:
		refuse.reason = "its address holds credentials"
		return refuse
	case u.Scheme != "https" && (u.Scheme != "http" || !plain):
		refuse.reason = "its address is not https"
		return refuse
	}
	refuse.realm = u.Host
	if strings.EqualFold(u.Hostname(), hostname(host)) || strings.EqualFold(u.Host, tokenServices()[host]) {
		return nil
	}
	for _, allowed := range also {
		if allowed != "" && (strings.EqualFold(u.Host, allowed) || strings.EqualFold(u.Hostname(), allowed)) {
			return nil
		}
	}
	return refuse
}

// realmBound lets requests pass to allowed realms only, wherever a token
// service redirects to.
type realmBound struct {
	inner http.RoundTripper
	check func(realm string) error
}

func (t *realmBound) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.check(req.URL.String()); err != nil {
		return nil, err
	}
	return t.inner.RoundTrip(req)
}
