package registry_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// The registries that people run. See registrytest for where they come from.
func reals() map[string]func(testing.TB, ...registrytest.Option) registrytest.Host {
	return map[string]func(testing.TB, ...registrytest.Option) registrytest.Host{
		"distribution v3":  registrytest.StartV3,
		"distribution 2.8": registrytest.StartV2,
	}
}

// conform checks what every registry must answer.
func conform(t *testing.T, c *registry.Client, host registrytest.Host) {
	t.Helper()
	single := registrytest.Push(t, host, "team/app", "latest")
	index := registrytest.PushIndex(t, host, "team/base", "12", "linux/amd64", "linux/arm64/v8")
	for r, want := range map[string]image.Descriptor{"team/app": single, "team/base:12": index} {
		got, err := c.Resolve(t.Context(), ref(t, host, r))
		require.NoError(t, err)
		assert.Equal(t, want, got)
		body, got, err := c.Manifest(t.Context(), ref(t, host, r).Pinned(want.Digest))
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, want.Digest, image.FromBytes(body))
		exists, err := c.Exists(t.Context(), ref(t, host, r).Pinned(want.Digest))
		require.NoError(t, err)
		assert.True(t, exists)
	}
	_, err := c.Resolve(t.Context(), ref(t, host, "team/app:gone"))
	require.ErrorIs(t, err, image.ErrNotFound)
	exists, err := c.Exists(t.Context(), ref(t, host, "team/app").Pinned(index.Digest))
	require.NoError(t, err)
	assert.False(t, exists, "the digest is another repository's")
	n := c.Requests()[host.Addr]
	assert.LessOrEqual(t, n.Ping, 2)
	assert.Equal(t, 2, n.Get)
	assert.Zero(t, n.Retried)
}

func TestRealAnonymous(t *testing.T) {
	for name, start := range reals() {
		t.Run(name, func(t *testing.T) {
			conform(t, newClient(t, registry.Options{}), start(t))
		})
	}
}

func TestRealPassword(t *testing.T) {
	for name, start := range reals() {
		t.Run(name, func(t *testing.T) {
			host := start(t, registrytest.WithPassword("user", canary))
			config := map[string]registry.Host{host.Addr: {PlainHTTP: true, User: "user", Password: canary}}
			conform(t, newClient(t, registry.Options{Hosts: config}), host)

			_, err := newClient(t, registry.Options{}).Resolve(t.Context(), ref(t, host, "team/app"))
			require.ErrorIs(t, err, image.ErrDenied)
			assert.ErrorContains(t, err, "no credentials for "+host.Addr)
		})
	}
}

func TestRealTokens(t *testing.T) {
	for name, start := range reals() {
		t.Run(name, func(t *testing.T) {
			service := registrytest.StartTokenService(t, "user", canary)
			host := start(t, registrytest.WithTokens(service))
			right := registry.Host{PlainHTTP: true, User: "user", Password: canary, TokenService: "localhost"}
			c := newClient(t, registry.Options{Hosts: map[string]registry.Host{host.Addr: right}})
			conform(t, c, host)
			assert.Equal(t, 2, c.Requests()[host.Addr].Token)
			assert.Equal(t, 1, service.Scopes()["repository:team/app:pull"])

			wrong := right
			wrong.Password = "wrong-" + canary
			c = newClient(t, registry.Options{Hosts: map[string]registry.Host{host.Addr: wrong}})
			_, err := c.Resolve(t.Context(), ref(t, host, "team/app"))
			require.ErrorIs(t, err, image.ErrDenied)
			assert.NotContains(t, err.Error(), canary)
		})
	}
}

func TestRealRequestsAreOneHeadPerTag(t *testing.T) {
	for name, start := range reals() {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			refs := manyTags(t, host, 200)
			c := newClient(t, registry.Options{})
			resolveAll(t, c, refs)
			got := c.Requests()[host.Addr]
			assert.Equal(t, 200, got.Head)
			assert.LessOrEqual(t, got.Total(), 202)
		})
	}
}
