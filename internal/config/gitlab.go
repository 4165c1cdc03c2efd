package config

import "strings"

// Forges by the names that the configuration and flags have for them.
const (
	ForgeGitHub = "github"
	ForgeGitLab = "gitlab"
)

// GitLab is how GitLab is reached.
type GitLab struct {
	URL      string // https://HOST[:PORT][/PATH] of an installation; empty for gitlab.com
	Registry string // host of its container registry; empty for registry.gitlab.com, or what CI says
}

// gitlabPattern is githubPattern with a path: installations may be below one.
const gitlabPattern = `^(https://` + hostRest + `|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?)(/[A-Za-z0-9_.-]+)*/?$`

var (
	checkGitLab = matching(gitlabPattern, "want https:// and the host of a GitLab, with the path that it may be under, for instance https://gitlab.corp")
	gitlabURLs  = scalar[string]{schema: looks(gitlabPattern), secret: hasLogin, parse: func(s string) (string, error) {
		s, err := checkGitLab(s)
		return strings.TrimSuffix(s, "/"), err
	}}
	forges = words(ForgeGitHub, ForgeGitLab)
)

// gitlabObject are the keys of the run's GitLab.
var gitlabObject = object[GitLab]{foreign: unknownForgeKey, fields: []field[GitLab]{
	scalarField("url", "Base URL of a GitLab installation, with the path that it may be under; by default gitlab.com.",
		gitlabURLs, func(g *GitLab, v string) { g.URL = v }),
	scalarField("registry", "Host of its container registry; by default registry.gitlab.com, or what CI_REGISTRY says.",
		hosts, func(g *GitLab, v string) { g.Registry = v }),
}}
