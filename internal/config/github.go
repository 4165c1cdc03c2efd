package config

import (
	"fmt"
	"strings"
)

// GitHub is how GitHub is reached.
type GitHub struct {
	URL      string // https://HOST[:PORT] of an Enterprise Server; empty for github.com
	Registry string // host of its container registry; empty for ghcr.io, or containers.HOST of an Enterprise Server
}

// githubPattern allows HTTP to this machine alone: tokens go there.
const githubPattern = `^(https://` + hostRest + `|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?)/?$`

var (
	checkGitHub = matching(githubPattern, "want https:// and the host of an Enterprise Server without a path, for instance https://github.corp")
	githubURLs  = scalar[string]{schema: looks(githubPattern), secret: hasLogin, parse: func(s string) (string, error) {
		s, err := checkGitHub(s)
		return strings.TrimSuffix(s, "/"), err
	}}
)

// githubObject are the keys of the run's GitHub.
var githubObject = object[GitHub]{foreign: unknownForgeKey, fields: []field[GitHub]{
	scalarField("url", "Base URL of a GitHub Enterprise Server; by default github.com.",
		githubURLs, func(g *GitHub, v string) { g.URL = v }),
	scalarField("registry", "Host of its container registry; by default ghcr.io, or containers.HOST of an Enterprise Server.",
		hosts, func(g *GitHub, v string) { g.Registry = v }),
}}

// unknownForgeKey reports a key that is not there. Its value may be a secret,
// whatever the key is.
func unknownForgeKey(r *reader, e entry, names []string) {
	r.hide(e.key)
	r.hide(e.value)
	if looksSecret(e.name) || strings.Contains(e.name, "key") {
		r.failAt(e.key, fmt.Sprintf("`%s` has no place in a file; the token comes from the environment", printable(e.name)))
		return
	}
	unknownKey(r, e, names)
}
