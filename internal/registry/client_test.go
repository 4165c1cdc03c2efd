package registry_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// newClient returns a client that waits for nothing.
func newClient(t testing.TB, opts registry.Options) *registry.Client {
	t.Helper()
	if opts.Sleep == nil {
		opts.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	c, err := registry.New(opts)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func ref(t testing.TB, host registrytest.Host, rest string) image.Reference {
	t.Helper()
	r, err := image.ParseReference(host.Addr + "/" + rest)
	require.NoError(t, err)
	return r
}

func TestResolve(t *testing.T) {
	host := registrytest.StartMemory(t)
	single := registrytest.Push(t, host, "team/app", "latest")
	index := registrytest.PushIndex(t, host, "team/app", "12", "linux/amd64", "linux/arm64")
	c := newClient(t, registry.Options{})

	for name, tt := range map[string]struct {
		ref  image.Reference
		want image.Descriptor
	}{
		"image":             {ref(t, host, "team/app:latest"), single},
		"latest by default": {ref(t, host, "team/app"), single},
		"index":             {ref(t, host, "team/app:12"), index},
		"digest is ignored": {ref(t, host, "team/app:12").Pinned(single.Digest), index},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.Resolve(t.Context(), tt.ref)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}

	_, err := c.Resolve(t.Context(), ref(t, host, "team/app:none"))
	require.ErrorIs(t, err, image.ErrNotFound)
	_, err = c.Resolve(t.Context(), ref(t, host, "team/app").Pinned(single.Digest))
	require.EqualError(t, err, "no tag to follow")
	_, err = c.Resolve(t.Context(), image.Reference{})
	require.Error(t, err)
}

func TestManifestAndExists(t *testing.T) {
	host := registrytest.StartMemory(t)
	index := registrytest.PushIndex(t, host, "app", "1", "linux/amd64")
	gone := image.FromBytes([]byte("gone"))
	c := newClient(t, registry.Options{})

	body, d, err := c.Manifest(t.Context(), ref(t, host, "app:other").Pinned(index.Digest))
	require.NoError(t, err)
	assert.Equal(t, index, d)
	assert.Equal(t, index.Digest, image.FromBytes(body))

	_, _, err = c.Manifest(t.Context(), ref(t, host, "app").Pinned(gone))
	require.ErrorIs(t, err, image.ErrNotFound)
	_, _, err = c.Manifest(t.Context(), ref(t, host, "app:1"))
	require.EqualError(t, err, "no digest to read")

	exists, err := c.Exists(t.Context(), ref(t, host, "app:1").Pinned(index.Digest))
	require.NoError(t, err)
	assert.True(t, exists)
	exists, err = c.Exists(t.Context(), ref(t, host, "app:1").Pinned(gone))
	require.NoError(t, err)
	assert.False(t, exists)
	_, err = c.Exists(t.Context(), ref(t, host, "app:1"))
	require.EqualError(t, err, "no digest to look for")
}

func TestRequestsAreOneHeadPerTag(t *testing.T) {
	var log requestLog
	host := registrytest.StartMemory(t, log.wrap)
	refs := manyTags(t, host, 200)
	log.reset()
	c := newClient(t, registry.Options{})
	resolveAll(t, c, refs)

	got := c.Requests()[host.Addr]
	assert.Equal(t, 200, got.Head)
	assert.Equal(t, 200, log.count(http.MethodHead, ""))
	assert.LessOrEqual(t, got.Total(), 202)
	assert.LessOrEqual(t, got.Ping, 2, "one attempt at TLS and one ping")
	assert.Zero(t, got.Retried+got.Token+got.Get)
	assert.Equal(t, 1, log.count(http.MethodGet, "/v2/"))
}

func TestPlainHTTPSparesTheAttemptAtTLS(t *testing.T) {
	host := registrytest.StartMemory(t)
	registrytest.Push(t, host, "app", "1")
	c := newClient(t, registry.Options{Hosts: map[string]registry.Host{host.Addr: {PlainHTTP: true}}})
	_, err := c.Resolve(t.Context(), ref(t, host, "app:1"))
	require.NoError(t, err)
	assert.Equal(t, map[string]registry.Count{host.Addr: {Head: 1, Ping: 1}}, c.Requests())
}

func TestConcurrencyIsBounded(t *testing.T) {
	var inFlight gauge
	host := registrytest.StartMemory(t, inFlight.wrap)
	refs := manyTags(t, host, 40)
	inFlight.reset()
	resolveAll(t, newClient(t, registry.Options{Concurrency: 3}), refs)
	assert.LessOrEqual(t, inFlight.highest(), 3)
	assert.Greater(t, inFlight.highest(), 1)
}

func TestMirrorIsAskedInstead(t *testing.T) {
	host := registrytest.StartMemory(t)
	want := registrytest.Push(t, host, "hub/library/debian", "12")
	c := newClient(t, registry.Options{Hosts: map[string]registry.Host{
		"docker.io": {Mirror: host.Addr + "/hub/"},
		host.Addr:   {PlainHTTP: true},
	}})
	debian, err := image.ParseReference("debian:12")
	require.NoError(t, err)
	got, err := c.Resolve(t.Context(), debian)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, map[string]registry.Count{host.Addr: {Head: 1, Ping: 1}}, c.Requests())
}

func TestRegistriesBehindOneMirrorShareItsPing(t *testing.T) {
	host := registrytest.StartMemory(t)
	registrytest.Push(t, host, "hub/library/debian", "12")
	registrytest.Push(t, host, "ghcr/team/app", "1")
	c := newClient(t, registry.Options{Hosts: map[string]registry.Host{
		"docker.io": {Mirror: host.Addr + "/hub", PlainHTTP: true},
		"ghcr.io":   {Mirror: host.Addr + "/ghcr", PlainHTTP: true},
	}, Getenv: env("GITHUB_TOKEN", canary)})
	for _, s := range []string{"debian:12", "ghcr.io/team/app:1"} {
		r, err := image.ParseReference(s)
		require.NoError(t, err)
		_, err = c.Resolve(t.Context(), r)
		require.NoError(t, err)
	}
	assert.Equal(t, map[string]registry.Count{host.Addr: {Head: 2, Ping: 1}}, c.Requests())
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, tt := range map[string]struct {
		opts registry.Options
		want string
	}{
		"ca":       {registry.Options{Hosts: map[string]registry.Host{"r.corp": {CA: []byte("none")}}}, "configure registry r.corp: read CA: no certificate in PEM form"},
		"mirror":   {registry.Options{Hosts: map[string]registry.Host{"r.corp": {Mirror: "https://m.corp"}}}, "parse registry host"},
		"password": {registry.Options{Hosts: map[string]registry.Host{"r.corp": {User: "u"}}}, "belong together"},
		"proxy":    {registry.Options{Getenv: env("HTTPS_PROXY", "http://u:canary@[")}, "read HTTPS_PROXY: want a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := registry.New(tt.opts)
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), "canary")
		})
	}
}

func TestDeadRegistryIsPingedOnce(t *testing.T) {
	c := newClient(t, registry.Options{Timeout: 5 * time.Second})
	dead := registrytest.Host{Addr: "127.0.0.1:1"}
	for i := range 10 {
		_, err := c.Resolve(t.Context(), ref(t, dead, fmt.Sprintf("app:%d", i)))
		require.ErrorContains(t, err, "connection refused")
	}
	assert.LessOrEqual(t, c.Requests()[dead.Addr].Total(), 2)
}

func TestContextEnds(t *testing.T) {
	host := registrytest.StartMemory(t, scripted(hang))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := newClient(t, registry.Options{}).Resolve(ctx, ref(t, host, "app:1"))
	require.ErrorIs(t, err, context.Canceled)
}

// manyTags pushes one image and points n tags at it.
func manyTags(t testing.TB, host registrytest.Host, n int) []image.Reference {
	t.Helper()
	d := registrytest.Push(t, host, "app", "t0")
	body, _, err := newClient(t, registry.Options{}).Manifest(t.Context(), ref(t, host, "app").Pinned(d.Digest))
	require.NoError(t, err)
	refs := make([]image.Reference, n)
	for i := range refs {
		refs[i] = ref(t, host, fmt.Sprintf("app:t%d", i))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut,
			fmt.Sprintf("http://%s/v2/app/manifests/t%d", host.Addr, i), bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", d.MediaType)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusCreated, resp.StatusCode)
	}
	return refs
}

func resolveAll(t testing.TB, c *registry.Client, refs []image.Reference) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(16)
	for _, r := range refs {
		group.Go(func() error {
			_, err := c.Resolve(t.Context(), r)
			return err
		})
	}
	require.NoError(t, group.Wait())
}
