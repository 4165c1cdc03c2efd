package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
)

// hosting is what the program asks of a forge.
type hosting interface {
	bump.Forge
	commitReader
	OpenPulls(ctx context.Context, repositories []forge.Repository) ([][]forge.PullRequest, error)
	ChangedFiles(ctx context.Context, repository forge.Repository, number int) ([]string, error)
	MergedPulls(ctx context.Context, repositories []forge.Repository, prefix string, since time.Time) ([][]forge.Merge, error)
	CloseIdle()
}

// host is a forge that a run works on.
type host struct {
	hosting
	flavor forge.Flavor
	home   string                     // its address, as its pages have it
	count  func() (reads, writes int) // of the requests so far
}

// requests says how often the forge was asked.
func (h *host) requests() string {
	reads, writes := h.count()
	return fmt.Sprintf("%s: %d read, %d written", h.flavor, reads, writes)
}

// total is how often the forge was asked.
func (h *host) total() int {
	reads, writes := h.count()
	return reads + writes
}

var errWhichForge = errors.New("it is not clear which forge is meant: say --forge github or --forge gitlab, or forge: in the configuration")

// forgeOf is the forge that a run works on: the one that a flag or the
// configuration names or is about, or else the one whose CI it runs in.
func forgeOf(env Env, o remoteOptions, c config.Config) (forge.Flavor, error) {
	gitlab := o.gitlabURL != "" || len(o.groups) > 0
	github := o.url != "" || o.appID != 0
	switch named := cmp.Or(o.forge, c.Forge); {
	case named == config.ForgeGitLab && o.forge != "" && github, gitlab && github:
		return "", usage(errors.New("flags for GitHub and for GitLab cannot be given together"))
	case named == config.ForgeGitHub && o.forge != "" && gitlab:
		return "", usage(errors.New("--group and --gitlab-url are for GitLab, and --forge says github"))
	case o.forge != "" && o.forge != config.ForgeGitHub && o.forge != config.ForgeGitLab:
		return "", usage(fmt.Errorf("--forge %s: want github or gitlab", o.forge))
	case gitlab:
		return forge.GitLab, nil
	case github:
		return forge.GitHub, nil
	case named == config.ForgeGitLab:
		return forge.GitLab, nil
	case named == config.ForgeGitHub:
		return forge.GitHub, nil
	case c.GitLab.URL != "" && c.GitHub.URL != "":
		return "", usage(errWhichForge)
	case c.GitLab.URL != "":
		return forge.GitLab, nil
	case c.GitHub.URL == "" && env.Getenv("GITLAB_CI") == "true":
		return forge.GitLab, nil
	}
	return forge.GitHub, nil
}

// openHost makes the client for the run's forge. Nothing is asked yet.
func openHost(env Env, o remoteOptions, c config.Config) (*host, error) {
	flavor, err := forgeOf(env, o, c)
	if err != nil {
		return nil, err
	}
	h := &host{flavor: flavor}
	if flavor == forge.GitLab {
		client, err := newGitLab(env, o, c)
		if err != nil {
			return nil, err
		}
		h.hosting, h.home = client, gitlabURL(env, o, c)
		h.count = func() (int, int) { n := client.Requests(); return n.Reads, n.Writes }
		return h, nil
	}
	client, err := newGitHub(env, o, c)
	if err != nil {
		return nil, err
	}
	h.hosting, h.home = client, githubHome(env, c)
	h.count = func() (int, int) { n := client.Requests(); return n.Reads, n.Writes }
	return h, nil
}

// githubHome is GitHub's address as its pages have it.
func githubHome(env Env, c config.Config) string {
	return strings.TrimSuffix(cmp.Or(c.GitHub.URL, env.Getenv("GITHUB_SERVER_URL"), "https://github.com"), "/")
}

// gitlabURL is where GitLab is.
func gitlabURL(env Env, o remoteOptions, c config.Config) string {
	return strings.TrimSuffix(cmp.Or(o.gitlabURL, c.GitLab.URL, env.Getenv("CI_SERVER_URL"), "https://gitlab.com"), "/")
}

// gitlabOptions are the client's but for the token.
func gitlabOptions(env Env, o remoteOptions, c config.Config) (gitlab.Options, error) {
	transport, err := ownCA(env.Getenv("CI_SERVER_TLS_CA_FILE"))
	if err != nil {
		return gitlab.Options{}, usage(fmt.Errorf("CI_SERVER_TLS_CA_FILE: %w", err))
	}
	return gitlab.Options{
		BaseURL: gitlabURL(env, o, c), UserAgent: "basekeeper/" + version(),
		Now: env.Now, Sleep: env.Sleep, Deadline: env.Now().Add(o.timeLimit), Transport: transport,
	}, nil
}

// newGitLab makes the client. Its token comes from the environment, never from
// the command line.
func newGitLab(env Env, o remoteOptions, c config.Config) (*gitlab.Client, error) {
	options, err := gitlabOptions(env, o, c)
	if err != nil {
		return nil, err
	}
	job := env.Getenv("CI_JOB_TOKEN")
	options.Token = cmp.Or(env.Getenv("BASEKEEPER_TOKEN"), env.Getenv("GITLAB_TOKEN"), job)
	options.Job = job != "" && options.Token == job // which says why it will not do
	if options.Token == "" {
		return nil, usage(errors.New("no credentials for GitLab: set BASEKEEPER_TOKEN or GITLAB_TOKEN to a project, group or personal access token with the scope api"))
	}
	client, err := gitlab.New(options)
	if err != nil {
		return nil, usage(err)
	}
	return client, nil
}

// gitlabPrefix is how GitLab's personal, project and group access tokens begin.
//
// Spec: GitLab's "Token overview", token prefixes.
const gitlabPrefix = "glpat-"

// newGitHub makes the client. Secrets come from the environment or a file,
// never from the command line.
func newGitHub(env Env, o remoteOptions, c config.Config) (*github.Client, error) {
	options := github.Options{
		BaseURL: cmp.Or(o.url, c.GitHub.URL, env.Getenv("GITHUB_API_URL")), UserAgent: "basekeeper/" + version(),
		Now: env.Now, Sleep: env.Sleep, Deadline: env.Now().Add(o.timeLimit),
	}
	app, err := githubApp(env, o)
	if err != nil {
		return nil, usage(err)
	}
	options.App = app
	if app == nil {
		options.Token = cmp.Or(env.Getenv("BASEKEEPER_TOKEN"), env.Getenv("GITHUB_TOKEN"), env.Getenv("GH_TOKEN"))
		if options.Token == "" {
			return nil, usage(errors.New("no credentials for GitHub: set GITHUB_TOKEN, or BASEKEEPER_APP_ID and BASEKEEPER_APP_KEY for a GitHub App"))
		}
		if strings.HasPrefix(options.Token, gitlabPrefix) { // it would be shown to somebody whom it is not for
			return nil, usage(errors.New("the token is GitLab's, and the run is for GitHub: say --forge gitlab"))
		}
	}
	client, err := github.New(options)
	if err != nil {
		return nil, usage(err)
	}
	return client, nil
}

// githubApp returns the App that the run works as; nil for none.
func githubApp(env Env, o remoteOptions) (*github.App, error) {
	id := o.appID
	if text := env.Getenv("BASEKEEPER_APP_ID"); id == 0 && text != "" {
		var err error
		if id, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, errors.New("BASEKEEPER_APP_ID: want the App's id, a number")
		}
	}
	if id == 0 {
		return nil, nil //nolint:nilnil // no App is no mistake
	}
	key := []byte(env.Getenv("BASEKEEPER_APP_KEY"))
	if o.appKey != "" {
		const maxKey = 64 << 10
		var err error
		if key, err = readLimited(o.appKey, maxKey); err != nil {
			return nil, fmt.Errorf("--app-key: %w", err)
		}
	}
	if len(key) == 0 {
		return nil, errors.New("no private key for the GitHub App: set BASEKEEPER_APP_KEY, or name its file with --app-key")
	}
	return &github.App{ID: id, Key: key}, nil
}
