package config

import (
	"path"
	"strings"
)

// Config is what a configuration file says. The zero value is a configuration
// that says nothing: the defaults.
type Config struct {
	Exclude    []Glob              // paths that are not scanned; see [Config.Excluded]
	Include    []Glob              // further names or paths scanned as Dockerfiles; see [Config.Included]
	Registries map[string]Registry // by host, docker.io for Docker Hub
	Verify     bool                // also ask whether the old digest can still be pulled

	Disabled     bool         // enabled: false; the repository is left alone
	BaseBranches []Glob       // names of branches; nil for the default branch, see [Config.OnBranch]
	Repositories Repositories // which repositories a run is about
	Forge        string       // [ForgeGitHub] or [ForgeGitLab]; empty where the file does not say
	GitHub       GitHub       // how GitHub is reached
	GitLab       GitLab       // how GitLab is reached

	Images []Published // what is published from the run's repositories
	Roots  Roots       // where that may still be used

	retention           retentionSettings
	openLimit, newLimit *int
	rules               []rule   // in order, a later one overrides an earlier one
	limits              [][]rule // the rules of narrowing configurations; see [Config.Narrow]
}

// Limits on pull requests where the configuration has none.
const (
	defaultOpen = 10
	defaultNew  = 50
)

// DefaultBranch stands for a repository's default branch in BaseBranches.
const DefaultBranch = "$default"

// Enabled reports whether the repository wants to be looked after.
func (c Config) Enabled() bool { return !c.Disabled }

// OpenLimit returns how many pull requests of ours may be open in one
// repository at the same time.
func (c Config) OpenLimit() int { return valueOr(c.openLimit, defaultOpen) }

// NewLimit returns how many pull requests a run may open over all.
func (c Config) NewLimit() int { return valueOr(c.newLimit, defaultNew) }

// OnBranch reports whether a branch gets pull requests: the default branch,
// or, where BaseBranches says anything, those that it names.
func (c Config) OnBranch(name string, isDefault bool) bool {
	if len(c.BaseBranches) == 0 {
		return isDefault
	}
	for _, g := range c.BaseBranches {
		if g.Match(name) || isDefault && g.String() == DefaultBranch {
			return true
		}
	}
	return false
}

// Registry is how one registry is reached. It holds names of environment
// variables, never credentials.
type Registry struct {
	Mirror       string // host and optional path asked instead of the registry; empty for none
	PlainHTTP    bool   // speak HTTP without TLS
	CAFile       string // path of a PEM file with further certificate authorities
	TokenService string // host that the registry's WWW-Authenticate may name besides itself
	API          string // whose own API it speaks: harbor, ghcr; empty for what its host tells
	UserEnv      string // environment variable that holds the user name
	PasswordEnv  string // environment variable that holds the password or token
}

// Parse reads a configuration. An empty file is the zero Config. The name is
// only for messages.
//
// The error joins an [*Error] for every mistake in the file, in the order of
// their places; Config is zero then.
func Parse(name string, src []byte) (Config, error) {
	r := &reader{file: name}
	body := r.load(src)
	var raw document
	if body != nil {
		rootObject.read(r, body, &raw)
	}
	if err := r.err(); err != nil {
		return Config{}, err
	}
	return raw.config(), nil
}

// Excluded reports whether the file at p, slash-separated and relative to the
// repository's root, is not to be scanned: a glob of Exclude matches p or a
// folder above it.
func (c Config) Excluded(p string) bool {
	for ; p != "." && p != "/" && p != ""; p = path.Dir(p) {
		if matchAny(c.Exclude, p) {
			return true
		}
	}
	return false
}

// Included reports whether the file at p, slash-separated and relative to the
// repository's root, is to be scanned as a Dockerfile whatever its name is. A
// glob of Include without a slash is for file names in any folder, one with a
// slash for whole paths.
func (c Config) Included(p string) bool {
	for _, g := range c.Include {
		if g.Match(p) || !strings.Contains(g.String(), "/") && g.Match(path.Base(p)) {
			return true
		}
	}
	return false
}

func matchAny(globs []Glob, s string) bool {
	for _, g := range globs {
		if g.Match(s) {
			return true
		}
	}
	return false
}
