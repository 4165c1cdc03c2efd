package hosted_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
)

// TestGHCRRequests counts them: a page for each hundred versions, and two for
// each delete.
func TestGHCRRequests(t *testing.T) {
	w := newWorld()
	w.fill(1050, 130)
	s := stubOf(t, hosted.GHCR)
	r := w.client(t, s)
	_, err := r.List(t.Context(), s.ref)
	require.NoError(t, err)
	assert.Equal(t, 7, w.asked(), "655 versions")
	for i := range 3 {
		require.NoError(t, r.DeleteManifest(t.Context(), s.ref.Pinned(digest(i))))
	}
	assert.Equal(t, 13, w.asked())
	assert.Equal(t, []time.Duration{400 * time.Millisecond, 800 * time.Millisecond}, w.slept, "deletes keep GitHub's pace; the clock stands still")
}

// TestGHCRTagsChanged: a version that got a tag since it was listed stays
// (R9); one that lost a tag may go.
func TestGHCRTagsChanged(t *testing.T) {
	w := newWorld()
	w.fill(6, 0)
	s := stubOf(t, hosted.GHCR)
	r := w.client(t, s)
	_, err := r.List(t.Context(), s.ref)
	require.NoError(t, err)
	w.tag("latest", 0)
	w.removeTag("v0002", false)

	err = r.DeleteManifest(t.Context(), s.ref.Pinned(digest(0)))
	require.ErrorIs(t, err, image.ErrRefused)
	require.ErrorContains(t, err, `its tags have changed: it has the tag "latest" now`)
	assert.Contains(t, w.digests, digest(0))
	require.NoError(t, r.DeleteManifest(t.Context(), s.ref.Pinned(digest(1))))
	assert.NotContains(t, w.digests, digest(1))
}

// TestGHCRUser: an owner who is no organization is a user, which is found out
// once.
func TestGHCRUser(t *testing.T) {
	w := newWorld()
	w.fill(450, 0)
	s := stubOf(t, hosted.GHCR)
	s.serve = func(w *world) http.HandlerFunc { return ghcrOwned(w, "/users/acme") }
	r := w.client(t, s)
	for range 2 {
		got, err := r.List(t.Context(), s.ref)
		require.NoError(t, err)
		assert.Len(t, got.Tags, 450)
	}
	require.NoError(t, r.DeleteManifest(t.Context(), s.ref.Pinned(digest(1))))
	assert.NotContains(t, w.digests, digest(1))
	asked := strings.Join(w.requests, "\n")
	assert.Equal(t, 1, strings.Count(asked, "/orgs/"))
}

// TestGHCRUnknownVersion: a digest that no version has is gone; but not if the
// registry still has it.
func TestGHCRUnknownVersion(t *testing.T) {
	w := newWorld()
	w.fill(4, 0)
	s := stubOf(t, hosted.GHCR)
	r := w.client(t, s)
	require.NoError(t, r.DeleteManifest(t.Context(), s.ref.Pinned(digest(99))))

	w.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/versions/") {
			return false
		}
		answerJSON(rw, http.StatusOK, []any{})
		return true
	}
	err := w.client(t, s).DeleteManifest(t.Context(), s.ref.Pinned(digest(1)))
	assert.ErrorIs(t, err, image.ErrRefused)
}

// TestGHCRLimits: GitHub's limits answer 403 as well; that is no denial.
func TestGHCRLimits(t *testing.T) {
	tests := map[string]struct {
		header  map[string]string
		message string
		want    time.Duration // the first wait; 0 for a denial at once
		wantErr string
	}{
		"secondary":        {map[string]string{"Retry-After": "60"}, "You have exceeded a secondary rate limit.", time.Minute, ""},
		"secondary, bare":  {nil, "You have exceeded a secondary rate limit.", time.Minute, ""},
		"soon over":        {map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1772323230"}, "API rate limit exceeded", 31 * time.Second, ""},
		"over in an hour":  {map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1772326800"}, "API rate limit exceeded", 0, "rate limit of"},
		"a real denial":    {nil, "Resource not accessible by integration", 0, "packages: write"},
		"remaining: a few": {map[string]string{"X-RateLimit-Remaining": "7"}, "Must have admin rights", 0, "packages: write"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.fill(4, 0)
			first := true
			w.fault = func(rw http.ResponseWriter, _ *http.Request) bool {
				if !first {
					return false
				}
				first = false
				for key, value := range tt.header {
					rw.Header().Set(key, value)
				}
				refuse(rw, http.StatusForbidden, tt.message)
				return true
			}
			s := stubOf(t, hosted.GHCR)
			_, err := w.client(t, s).List(t.Context(), s.ref)
			if tt.wantErr != "" {
				require.ErrorContains(t, err, tt.wantErr)
				assert.Empty(t, w.slept)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []time.Duration{tt.want}, w.slept)
		})
	}
}

// TestGHCREnterprise: an Enterprise Server's API is under a path.
func TestGHCREnterprise(t *testing.T) {
	w := newWorld()
	w.fill(4, 0)
	s := stubOf(t, hosted.GHCR)
	s.prefix, s.ref.Registry = "/api/v3/", "containers.ghe.corp"
	s.serve = func(w *world) http.HandlerFunc { return ghcrOwned(w, "/api/v3/orgs/acme") }
	r := w.client(t, s)
	got, err := r.List(t.Context(), s.ref)
	require.NoError(t, err)
	assert.Len(t, got.Tags, 4)
	require.NoError(t, r.DeleteManifest(t.Context(), s.ref.Pinned(digest(1))))
}
