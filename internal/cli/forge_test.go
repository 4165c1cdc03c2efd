package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// secret is a token that the tests' runs have.
const secret = "ghp_canary0123456789"

// org is an organisation, or group, on a sandbox forge with a registry, and a
// clock that waits for nobody.
type org struct {
	t        testing.TB
	on       forge.Flavor
	people   people
	github   *hub.Server // nil on GitLab
	gitlab   *lab.Server // nil on GitHub
	registry *sandbox.Registry
	dir      string
	cache    string
	url      string                                            // of GitHub's API, or of GitLab
	fault    func(w http.ResponseWriter, r *http.Request) bool // answers in the forge's place; nil for never
	extra    map[string]string
	built    map[string]time.Time // when each layer was

	mu  sync.Mutex
	now time.Time
}

// newOrg is one on GitHub.
func newOrg(t testing.TB) *org {
	t.Helper()
	return newOrgOn(t, forge.GitHub)
}

func newOrgOn(t testing.TB, on forge.Flavor) *org {
	t.Helper()
	o := &org{t: t, on: on, dir: t.TempDir(), now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), extra: map[string]string{}, built: map[string]time.Time{}}
	o.cache = filepath.Join(o.dir, "cache.json")
	var err error
	o.registry, err = sandbox.StartRegistry(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.registry.Close() })
	checked := o.found()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.fault == nil || !o.fault(w, r) {
			checked.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

// found makes the forge and returns its handler, which holds every request
// against the forge's own description.
func (o *org) found() http.Handler {
	if o.on == forge.GitLab {
		o.gitlab = lab.New(lab.Options{Now: o.time})
		o.gitlab.AddGroup("acme")
		o.gitlab.AddToken(secret, lab.Token{Login: "keeper", Kind: lab.PersonalToken})
		o.people = gitlabPeople{o.gitlab}
		return spectest.WrapGitLab(o.t, o.gitlab.Handler())
	}
	o.github = hub.New(hub.Options{Now: o.time})
	o.github.AddOrganization("acme")
	o.github.AddToken(secret, hub.Token{Login: "keeper", Kind: hub.UserToken})
	o.people = githubPeople{o.github}
	return spectest.Wrap(o.t, o.github.Handler())
}

func (o *org) time() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

// wait lets time pass.
func (o *org) wait(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

// publish moves a tag to the image of a layer and returns its digest. The same
// layer is the same image again.
func (o *org) publish(repository, tag, layer string) image.Digest {
	o.t.Helper()
	if _, ok := o.built[layer]; !ok {
		o.built[layer] = o.time()
	}
	d, err := o.registry.Publish(o.t.Context(), sandbox.Image{Repository: repository, Tag: tag, Layer: layer, Created: o.built[layer]})
	require.NoError(o.t, err)
	return d
}

// pin is the reference of an image's tag with a digest.
func (o *org) pin(repository, tag string, d image.Digest) string {
	return fmt.Sprintf("%s/%s:%s@%s", o.registry.Host(), repository, tag, d)
}

// repository makes a repository of files given as path, content, path, …
func (o *org) repository(name string, as kind, files ...string) {
	o.t.Helper()
	require.NoError(o.t, o.people.Create(name, as, gitFiles(files...)...))
}

func gitFiles(files ...string) []git.File {
	var all []git.File
	for i := 0; i < len(files); i += 2 {
		all = append(all, git.File{Path: files[i], Content: []byte(files[i+1])})
	}
	return all
}

// ran is what a command said.
type ran struct {
	status      int
	out, errors string
}

// run runs a command as a user with the token would.
func (o *org) run(args ...string) ran {
	o.t.Helper()
	return o.runCtx(o.t.Context(), args...)
}

func (o *org) runCtx(ctx context.Context, args ...string) ran {
	o.t.Helper()
	env := map[string]string{"GITHUB_TOKEN": secret, "GITHUB_API_URL": o.url, "HOME": o.dir}
	if o.on == forge.GitLab {
		env = map[string]string{"GITLAB_CI": "true", "GITLAB_TOKEN": secret, "CI_SERVER_URL": o.url, "HOME": o.dir}
	}
	for k, v := range o.extra {
		env[k] = v
	}
	if o.cache != "" {
		args = append([]string{args[0], "--cache", o.cache}, args[1:]...)
	}
	var out, errors bytes.Buffer
	status := cli.Main(ctx, cli.Env{
		Args: args, Stdout: &out, Stderr: &errors,
		Getenv: func(name string) string { return env[name] }, Now: o.time,
		Sleep: func(ctx context.Context, d time.Duration) error { o.wait(d); return ctx.Err() },
	})
	for _, text := range []string{out.String(), errors.String()} {
		require.NotContains(o.t, text, secret)
		assert.NotContains(o.t, strings.ToLower(text), o.other().Noun(), "%v speaks as the other forge does", args)
	}
	return ran{status, out.String(), errors.String()}
}

// other is the forge that this one is not.
func (o *org) other() forge.Flavor {
	if o.on == forge.GitLab {
		return forge.GitHub
	}
	return forge.GitLab
}

// push commits files, given as path, content, path, …, as ada.
func (o *org) push(name, branch string, files ...string) {
	o.t.Helper()
	_, err := o.people.Push(name, branch, "ada", "By hand", gitFiles(files...)...)
	require.NoError(o.t, err)
}

// open returns the open pull requests of a repository, as base <- head: title.
func (o *org) open(name string) []string {
	var all []string
	for _, p := range o.people.Pulls(name) {
		if p.State == "OPEN" {
			all = append(all, fmt.Sprintf("%s <- %s: %s", p.Base, p.Head, p.Title))
		}
	}
	return all
}

// bump runs basekeeper bump on the organisation and wants this status.
func (o *org) bump(status int, args ...string) ran {
	o.t.Helper()
	got := o.run(append([]string{"bump", "--organization", "acme"}, args...)...)
	require.Equal(o.t, status, got.status, "%s\n%s", got.out, got.errors)
	return got
}

// writes returns how many requests that change something a function sends.
func (o *org) writes(during func()) int {
	o.t.Helper()
	o.people.ResetRequests()
	during()
	_, writes := o.people.Counts()
	return writes
}

// quiet runs bump again and wants that nothing is written.
func (o *org) quiet(args ...string) ran {
	o.t.Helper()
	var got ran
	writes := o.writes(func() { got = o.bump(0, args...) })
	require.Zero(o.t, writes, "%v\n%s", o.people.Asked(), got.out)
	return got
}

// only returns the one pull request that is open in a repository.
func (o *org) only(name string) pull {
	o.t.Helper()
	var all []pull
	for _, p := range o.people.Pulls(name) {
		if p.State == "OPEN" {
			all = append(all, p)
		}
	}
	require.Len(o.t, all, 1, "open pull requests of %s", name)
	return all[0]
}

// file returns a file's content at a branch or commit.
func (o *org) file(name, ref, path string) string {
	o.t.Helper()
	content, err := o.people.File(name, ref, path)
	require.NoError(o.t, err)
	return string(content)
}
