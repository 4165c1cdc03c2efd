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

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// secret is a token that the tests' runs have.
const secret = "ghp_canary0123456789"

// org is an organisation on a sandbox GitHub with a registry, and a clock that
// waits for nobody.
type org struct {
	t        testing.TB
	github   *hub.Server
	registry *sandbox.Registry
	dir      string
	cache    string
	url      string                                            // of GitHub's API
	fault    func(w http.ResponseWriter, r *http.Request) bool // answers in GitHub's place; nil for never
	extra    map[string]string
	built    map[string]time.Time // when each layer was

	mu  sync.Mutex
	now time.Time
}

func newOrg(t testing.TB) *org {
	t.Helper()
	o := &org{t: t, dir: t.TempDir(), now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), extra: map[string]string{}, built: map[string]time.Time{}}
	o.cache = filepath.Join(o.dir, "cache.json")
	var err error
	o.registry, err = sandbox.StartRegistry(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.registry.Close() })
	o.github = hub.New(hub.Options{Now: o.time})
	checked := spectest.Wrap(t, o.github.Handler())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.fault == nil || !o.fault(w, r) {
			checked.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	o.url = server.URL
	o.github.AddOrganization("acme")
	o.github.AddToken(secret, hub.Token{Login: "keeper", Kind: hub.UserToken})
	return o
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
func (o *org) repository(name string, options hub.RepositoryOptions, files ...string) {
	o.t.Helper()
	require.NoError(o.t, o.github.CreateRepository(name, options, hubFiles(files...)...))
}

func hubFiles(files ...string) []hub.File {
	var all []hub.File
	for i := 0; i < len(files); i += 2 {
		all = append(all, hub.File{Path: files[i], Content: []byte(files[i+1])})
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
	}
	return ran{status, out.String(), errors.String()}
}

// open returns the open pull requests of a repository, as base <- head: title.
func (o *org) open(name string) []string {
	var all []string
	for _, p := range o.github.PullRequests(name) {
		if strings.EqualFold(p.State, "open") {
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
	o.github.ResetRequests()
	during()
	_, writes := o.github.Counts()
	return writes
}

// quiet runs bump again and wants that nothing is written.
func (o *org) quiet(args ...string) ran {
	o.t.Helper()
	var got ran
	writes := o.writes(func() { got = o.bump(0, args...) })
	require.Zero(o.t, writes, "%v\n%s", o.github.Requests(), got.out)
	return got
}

// only returns the one pull request that is open in a repository.
func (o *org) only(name string) hub.PullRequest {
	o.t.Helper()
	var all []hub.PullRequest
	for _, p := range o.github.PullRequests(name) {
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
	content, err := o.github.File(name, ref, path)
	require.NoError(o.t, err)
	return string(content)
}
