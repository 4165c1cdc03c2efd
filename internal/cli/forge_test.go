package cli_test

import (
	"bytes"
	"context"
	"fmt"
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
)

// secret is the token that the tests' runs have.
const secret = "ghp_canary0123456789"

// org is an organisation on a sandbox GitHub with a registry, and a clock that
// waits for nobody.
type org struct {
	t        testing.TB
	github   *hub.Server
	registry *sandbox.Registry
	dir      string
	url      string // of GitHub's API
	extra    map[string]string

	mu  sync.Mutex
	now time.Time
}

func newOrg(t testing.TB) *org {
	t.Helper()
	o := &org{t: t, dir: t.TempDir(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), extra: map[string]string{}}
	var err error
	o.registry, err = sandbox.StartRegistry(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.registry.Close() })
	o.github, err = hub.Start(t.Context(), hub.Options{Now: o.time})
	require.NoError(t, err)
	t.Cleanup(func() { _ = o.github.Close() })
	o.url = o.github.URL()
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

// publish moves a tag to a new image and returns its digest.
func (o *org) publish(repository, tag, layer string) image.Digest {
	o.t.Helper()
	d, err := o.registry.Publish(o.t.Context(), sandbox.Image{Repository: repository, Tag: tag, Layer: layer, Created: o.time()})
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
	var out, errors bytes.Buffer
	status := cli.Main(ctx, cli.Env{
		Args: append(args, "--cache", filepath.Join(o.dir, "cache.json")), Stdout: &out, Stderr: &errors,
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

func TestBumpOpensPullRequests(t *testing.T) {
	o := newOrg(t)
	before := o.publish("base", "1", "one")
	for i := range 3 {
		o.repository(fmt.Sprintf("acme/app%d", i), hub.RepositoryOptions{}, "Dockerfile", "FROM "+o.pin("base", "1", before)+"\n")
	}
	o.publish("base", "1", "two")
	got := o.run("bump", "--organization", "acme")
	fmt.Println(got.status, got.out, got.errors)
	for i := range 3 {
		fmt.Println(o.open(fmt.Sprintf("acme/app%d", i)))
	}
	o.github.ResetRequests()
	got = o.run("bump", "--organization", "acme")
	fmt.Println(got.status, got.out, got.errors)
	for _, r := range o.github.Requests() {
		fmt.Println(r)
	}
}
