package registry_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// writables are all registries that can be written to here.
func writables() map[string]func(testing.TB) registrytest.Host {
	return map[string]func(testing.TB) registrytest.Host{
		"memory":           func(t testing.TB) registrytest.Host { return registrytest.StartMemory(t) },
		"distribution v3":  func(t testing.TB) registrytest.Host { return registrytest.StartV3(t) },
		"distribution 2.8": func(t testing.TB) registrytest.Host { return registrytest.StartV2(t) },
	}
}

// copyContent copies what from points at to another repository, children and blobs
// first, by our client alone.
func copyContent(t testing.TB, c *registry.Client, from, to image.Reference) {
	t.Helper()
	body, d, err := c.Manifest(t.Context(), from)
	require.NoError(t, err)
	content, err := image.ParseContent(body)
	require.NoError(t, err)
	for _, child := range content.Manifests {
		copyContent(t, c, from.Pinned(child.Digest), to.Tagged(""))
	}
	for _, b := range content.Blobs() {
		blob, err := c.Blob(t.Context(), from.Pinned(b.Digest))
		require.NoError(t, err)
		digest, err := c.PutBlob(t.Context(), to.Tagged(""), blob)
		require.NoError(t, err)
		assert.Equal(t, b.Digest, digest)
		there, err := c.HasBlob(t.Context(), to.Pinned(b.Digest))
		require.NoError(t, err)
		assert.True(t, there)
	}
	digest, err := c.PutManifest(t.Context(), to, d.MediaType, body)
	require.NoError(t, err)
	assert.Equal(t, d.Digest, digest)
}

func TestRealIndexComesBackByteForByte(t *testing.T) {
	for name, start := range writables() {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			want := registrytest.PushIndex(t, host, "team/app", "latest", "linux/amd64", "linux/arm64/v8")
			c := newClient(t, registry.Options{}).With(registry.Push)
			from := ref(t, host, "team/app:latest")
			copyContent(t, c, from.Pinned(want.Digest), ref(t, host, "other/app:1"))

			body, d, err := c.Fetch(t.Context(), from)
			require.NoError(t, err)
			assert.Equal(t, want, d)
			again, d, err := c.Fetch(t.Context(), ref(t, host, "other/app:1"))
			require.NoError(t, err)
			assert.Equal(t, want, d)
			assert.Equal(t, string(body), string(again))
		})
	}
}
