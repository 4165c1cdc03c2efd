package hosted_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// TestRealClient runs families that lean on the OCI API on the real client of
// it, and a registry that refuses in Google's words.
func TestRealClient(t *testing.T) {
	refuses := false
	host := registrytest.StartMemory(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if refuses && r.Method == http.MethodDelete {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(`{"errors":[{"code":"GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE","message":"in use"}]}`))
				return
			}
			inner.ServeHTTP(w, r)
		})
	})
	one := registrytest.Push(t, host, "acme/app", "v1")
	registrytest.Tag(t, host, "acme/app", "v1", "v2")
	two := registrytest.PushIndex(t, host, "acme/app", "v3", "linux/amd64")

	client, err := registry.New(registry.Options{})
	require.NoError(t, err)
	ref := image.Reference{Registry: host.Addr, Repository: "acme/app"}
	for _, family := range []hosted.Family{hosted.GAR, hosted.GitLab} {
		opts := hosted.Options{Registry: host.Addr, OCI: client.With(registry.Delete), Token: secret}
		if family == hosted.GitLab {
			opts.Host = "https://gitlab.corp"
		}
		r, err := hosted.New(family, opts)
		require.NoError(t, err)
		got, err := r.List(t.Context(), ref)
		require.NoError(t, err)
		assert.Equal(t, []retention.Tag{{Name: "v1", Digest: one.Digest}, {Name: "v2", Digest: one.Digest}, {Name: "v3", Digest: two.Digest}}, got.Tags)
	}

	r, err := hosted.New(hosted.GAR, hosted.Options{Registry: host.Addr, OCI: client.With(registry.Delete), Token: secret})
	require.NoError(t, err)
	refuses = true
	err = r.DeleteManifest(t.Context(), ref.Pinned(two.Digest))
	require.ErrorIs(t, err, image.ErrRefused)
	require.ErrorContains(t, err, "an index has this manifest")
	refuses = false
	require.NoError(t, r.DeleteTag(t.Context(), ref.Tagged("v1")))
	names, err := client.Tags(t.Context(), ref)
	require.NoError(t, err)
	assert.Equal(t, "v2 v3", strings.Join(names, " "), "its sibling stays")
}

// TestAmazonWithoutCredentials says so, and asks nobody.
func TestAmazonWithoutCredentials(t *testing.T) {
	w := newWorld()
	s := stubOf(t, hosted.ECR)
	r := w.client(t, s)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err := r.List(t.Context(), s.ref)
	require.ErrorIs(t, err, image.ErrDenied)
	require.ErrorContains(t, err, "no credentials of Amazon's were found")
	assert.Empty(t, w.requests)
}
