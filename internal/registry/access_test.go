package registry_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// everything does each thing that a client With(Delete) can.
func everything(t *testing.T, c *registry.Client, app image.Reference) {
	t.Helper()
	config, err := c.PutBlob(t.Context(), app, []byte("{}"))
	require.NoError(t, err)
	there, err := c.HasBlob(t.Context(), app.Pinned(config))
	require.NoError(t, err)
	assert.True(t, there)
	manifest := `{"schemaVersion":2,"mediaType":"` + image.MediaTypeOCIManifest + `","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"` +
		config.String() + `","size":2},"layers":[]}`
	digest, err := c.PutManifest(t.Context(), app.Tagged("made"), image.MediaTypeOCIManifest, []byte(manifest))
	require.NoError(t, err)
	_, err = c.Resolve(t.Context(), app.Tagged("made"))
	require.NoError(t, err)
	_, err = c.List(t.Context(), app)
	require.NoError(t, err)
	_, _, err = c.Referrers(t.Context(), app.Pinned(digest))
	require.NoError(t, err)
	require.NoError(t, c.DeleteManifest(t.Context(), app.Tagged("").Pinned(digest)))
}

func TestRealTokensForEachAccess(t *testing.T) {
	for name, start := range reals() {
		t.Run(name, func(t *testing.T) {
			service := registrytest.StartTokenService(t, "user", canary)
			host := start(t, registrytest.WithTokens(service))
			d := registrytest.Push(t, host, "team/app", "latest")
			before := service.Scopes()
			c := newClient(t, registry.Options{Hosts: map[string]registry.Host{
				host.Addr: {PlainHTTP: true, User: "user", Password: canary, TokenService: "localhost"},
			}})
			app := ref(t, host, "team/app")
			for range 2 {
				everything(t, c.With(registry.Delete), app)
				_, err := c.With(registry.Push).PutManifest(t.Context(), app.Tagged("latest"), d.MediaType, fetch(t, c, app))
				require.NoError(t, err)
			}
			scopes := service.Scopes()
			for _, actions := range []string{"pull", "pull,push", "pull,push,delete"} {
				scope := "repository:team/app:" + actions
				assert.Equal(t, before[scope]+1, scopes[scope], "%s", scope)
			}
			assert.Equal(t, 3, c.Requests()[host.Addr].Token)
			assert.Equal(t, 1, c.Requests()[host.Addr].Ping, "the views share it")
		})
	}
}

func fetch(t *testing.T, c *registry.Client, r image.Reference) []byte {
	t.Helper()
	body, _, err := c.Fetch(t.Context(), r)
	require.NoError(t, err)
	return body
}

func TestViewsCountTogether(t *testing.T) {
	host := registrytest.StartMemory(t)
	c := newClient(t, registry.Options{Hosts: map[string]registry.Host{host.Addr: {PlainHTTP: true}}})
	everything(t, c.With(registry.Delete), ref(t, host, "app"))
	// Blob: POST, PUT, HEAD. Manifest: PUT, HEAD. List: GET, HEAD, probe. Referrers: GET.
	want := registry.Count{Ping: 1, Write: 3, Head: 3, Get: 2, Delete: 2}
	assert.Equal(t, want, c.Requests()[host.Addr])
	assert.Equal(t, want, c.With(registry.Push).Requests()[host.Addr])
	assert.Equal(t, 11, want.Total())
}

func TestLessAccessWritesNothing(t *testing.T) {
	host := registrytest.StartMemory(t)
	c := newClient(t, registry.Options{})
	for _, view := range []*registry.Client{c, c.With(registry.Delete).With(registry.Pull)} {
		_, err := view.PutManifest(t.Context(), ref(t, host, "app:1"), image.MediaTypeOCIManifest, []byte(body))
		require.ErrorContains(t, err, "may only pull")
		_, err = view.PutBlob(t.Context(), ref(t, host, "app"), nil)
		require.ErrorContains(t, err, "may only pull")
	}
	assert.Empty(t, c.Requests())
}

// A mirror may be behind, or have only what was asked of it: nothing is decided
// by what it has, and nothing written to it.
func TestMirrorIsNeitherWrittenNorListed(t *testing.T) {
	var atMirror, atOrigin requestLog
	mirror := registrytest.StartMemory(t, atMirror.wrap)
	origin := registrytest.StartMemory(t, atOrigin.wrap)
	old := registrytest.Push(t, mirror, "hub/app", "latest")
	now := registrytest.Push(t, origin, "app", "latest")
	atMirror.reset()
	atOrigin.reset()
	basic := base64.StdEncoding.EncodeToString([]byte("origin:" + canary))
	auths := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, origin.Addr, basic)
	c := newClient(t, registry.Options{
		Hosts:  map[string]registry.Host{origin.Addr: {Mirror: mirror.Addr + "/hub", User: "mirror", Password: "other-" + canary}},
		Getenv: func(name string) string { return map[string]string{"DOCKER_AUTH_CONFIG": auths}[name] },
	})
	app := ref(t, origin, "app")

	d, err := c.Resolve(t.Context(), app)
	require.NoError(t, err)
	assert.Equal(t, old.Digest, d.Digest, "who only pulls asks the mirror")
	assert.Empty(t, atOrigin.all())
	atMirror.reset()

	for _, access := range []registry.Access{registry.Push, registry.Delete} {
		d, err = c.With(access).Resolve(t.Context(), app)
		require.NoError(t, err)
		assert.Equal(t, now.Digest, d.Digest)
	}
	for _, access := range []registry.Access{registry.Pull, registry.Delete} {
		tags, err := c.With(access).Tags(t.Context(), app)
		require.NoError(t, err)
		assert.Equal(t, []string{"latest"}, tags)
		listing, err := c.With(access).List(t.Context(), app)
		require.NoError(t, err)
		assert.Equal(t, now.Digest, listing.Tags[0].Digest)
		_, _, err = c.With(access).Referrers(t.Context(), app.Pinned(now.Digest))
		require.NoError(t, err)
	}
	everything(t, c.With(registry.Delete), app)
	require.NoError(t, c.With(registry.Delete).DeleteTag(t.Context(), app.Tagged("latest")))
	assert.Empty(t, atMirror.all())
	for _, r := range atOrigin.all() {
		if user, password, ok := r.BasicAuth(); ok || r.URL.Path != "/v2/" {
			assert.Equal(t, "origin", user)
			assert.Equal(t, canary, password)
		}
	}
}

func TestPlainHTTPOfAMirrorIsNotItsRegistrys(t *testing.T) {
	refused := roundTripper(func(r *http.Request) (*http.Response, error) {
		assert.NotEqual(t, "http", r.URL.Scheme, "%s", r.URL)
		return nil, http.ErrServerClosed
	})
	c := newClient(t, registry.Options{Transport: refused, Hosts: map[string]registry.Host{
		"registry.example": {Mirror: "mirror.example", PlainHTTP: true, User: "u", Password: canary},
	}})
	app, err := image.ParseReference("registry.example/app:1")
	require.NoError(t, err)
	_, err = c.With(registry.Push).PutBlob(t.Context(), app, []byte("content"))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), canary)
	assert.Equal(t, 1, c.Requests()["registry.example"].Total())
}
