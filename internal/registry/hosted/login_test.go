package hosted_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
)

// TestLoginOnce: a token is asked for once, and again when it is over.
func TestLoginOnce(t *testing.T) {
	w := newWorld()
	w.fill(250, 0)
	s := stubOf(t, hosted.DockerHub)
	r := w.client(t, s)
	logins := func() int {
		return strings.Count(strings.Join(w.requests, "\n"), "POST /v2/auth/token")
	}
	for range 2 {
		_, err := r.List(t.Context(), s.ref)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, logins())

	over := true
	w.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if !over || r.Method == http.MethodPost {
			return false
		}
		over = false
		refuse(rw, http.StatusUnauthorized, "expired")
		return true
	}
	_, err := r.List(t.Context(), s.ref)
	require.NoError(t, err)
	assert.Equal(t, 2, logins())
}

// TestWrongPassword is a denial, which is not repeated.
func TestWrongPassword(t *testing.T) {
	for _, family := range []hosted.Family{hosted.DockerHub, hosted.GAR, hosted.ACR, hosted.Harbor} {
		t.Run(string(family), func(t *testing.T) {
			w := newWorld()
			w.fill(4, 0)
			s := stubOf(t, family)
			s.options = func(o *hosted.Options) { o.User, o.Password = user, "wr0ng" }
			_, err := w.client(t, s).List(t.Context(), s.ref)
			require.ErrorIs(t, err, image.ErrDenied)
			assert.NotContains(t, err.Error(), "wr0ng")
			assert.Equal(t, 1, w.asked())
		})
	}
}

// TestAzureRefreshToken: what Azure's helper gives is exchanged, for each
// action once.
func TestAzureRefreshToken(t *testing.T) {
	w := newWorld()
	w.fill(150, 0)
	s := stubOf(t, hosted.ACR)
	s.options = func(o *hosted.Options) { o.User, o.Password = "00000000-0000-0000-0000-000000000000", secret }
	r := w.client(t, s)
	got, err := r.List(t.Context(), s.ref)
	require.NoError(t, err)
	assert.Len(t, got.Tags, 150)
	require.NoError(t, r.DeleteTag(t.Context(), s.ref.Tagged("v0001")))
	require.NoError(t, r.DeleteTag(t.Context(), s.ref.Tagged("v0002")))
	assert.Equal(t, 2, strings.Count(strings.Join(w.requests, "\n"), "POST /oauth2/token"))
}

// TestJobToken: a pipeline's token has a header of its own; the project is found
// once.
func TestJobToken(t *testing.T) {
	w := newWorld()
	w.fill(4, 0)
	w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		assert.Equal(t, secret, r.Header.Get("Job-Token"))
		assert.Empty(t, r.Header.Get("Private-Token"))
		return false
	}
	s := stubOf(t, hosted.GitLab)
	s.options = func(o *hosted.Options) { o.User, o.Password = "gitlab-ci-token", secret }
	r := w.client(t, s)
	require.NoError(t, r.DeleteTag(t.Context(), s.ref.Tagged("v0001")))
	require.NoError(t, r.DeleteTag(t.Context(), s.ref.Tagged("v0002")))
	assert.Equal(t, []string{
		"GET /api/v4/projects/acme%2Fshop%2Fapp/registry/repositories?page=1&per_page=100", // no project of that name
		"GET /api/v4/projects/acme%2Fshop/registry/repositories?page=1&per_page=100",
		"GET /api/v4/projects/acme%2Fshop/registry/repositories?page=2&per_page=100",
		"DELETE /api/v4/projects/acme%2Fshop/registry/repositories/42/tags/v0001",
		"DELETE /api/v4/projects/acme%2Fshop/registry/repositories/42/tags/v0002",
	}, w.requests)
}

// TestGitLabUnknownRepository is no success: the tag may be there.
func TestGitLabUnknownRepository(t *testing.T) {
	w := newWorld()
	s := stubOf(t, hosted.GitLab)
	ref := image.Reference{Registry: s.ref.Registry, Repository: "acme/shop/unknown", Tag: "v1"}
	err := w.client(t, s).DeleteTag(t.Context(), ref)
	assert.ErrorIs(t, err, image.ErrNotFound)
}

// TestGoogleWithoutManifests: an answer without Google's additions is a list of
// names; what has no tag is not known then.
func TestGoogleWithoutManifests(t *testing.T) {
	w := newWorld()
	w.fill(4, 2)
	w.refusal = "no manifests"
	s := stubOf(t, hosted.GAR)
	got, err := w.client(t, s).List(t.Context(), s.ref)
	require.NoError(t, err)
	require.Len(t, got.Tags, 4)
	assert.Equal(t, digest(1), got.Tags[3].Digest)
	assert.Nil(t, got.Untagged)
}

// TestHarborMovedTag: with a digest, a tag that has moved off it stays.
func TestHarborMovedTag(t *testing.T) {
	w := newWorld()
	w.fill(4, 0)
	s := stubOf(t, hosted.Harbor)
	r := w.client(t, s)
	require.ErrorIs(t, r.DeleteTag(t.Context(), s.ref.Tagged("v0002").Pinned(digest(0))), image.ErrRefused)
	assert.Contains(t, w.tags, "v0002")
	require.NoError(t, r.DeleteTag(t.Context(), s.ref.Tagged("v0002").Pinned(digest(1))))
	assert.NotContains(t, w.tags, "v0002")
}
