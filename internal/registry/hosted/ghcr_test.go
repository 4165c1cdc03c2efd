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
	"github.com/basekeeper/basekeeper/internal/retention"
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

// TestGHCRMovingTag: a tag that the pages show on two versions is on the one
// that the registry says in the end.
func TestGHCRMovingTag(t *testing.T) {
	w := newWorld()
	w.fill(300, 0)
	digests := w.sortedDigests()
	name, home := w.tagsOf(digests[0])[0], w.tags[w.tagsOf(digests[0])[0]]
	w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("page") == "2" {
			w.tags[name] = tagged{digests[len(digests)-1], epoch}
		}
		return false
	}
	w.onTags = func() { w.tags[name] = home }
	s := stubOf(t, hosted.GHCR)
	got, err := w.client(t, s).List(t.Context(), s.ref)
	require.NoError(t, err)
	assert.Contains(t, got.Tags, retention.Tag{Name: name, Digest: digests[0]})
}

// TestGHCRGrowingList: pages that came after the last one was counted are read.
func TestGHCRGrowingList(t *testing.T) {
	w := newWorld()
	w.fill(300, 0)
	w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("page") == "2" {
			for i := range 300 {
				w.digests[digest(-1-i)] = epoch
			}
		}
		return false
	}
	s := stubOf(t, hosted.GHCR)
	got, err := w.client(t, s).List(t.Context(), s.ref)
	require.NoError(t, err)
	listed := map[image.Digest]bool{}
	for _, u := range got.Untagged {
		listed[u.Digest] = true
	}
	for _, d := range w.sortedDigests()[100:] { // all that was not on the first page when it was read
		assert.Equal(t, len(w.tagsOf(d)) == 0, listed[d])
	}
	assert.Len(t, w.requests, 5)
}

// TestGHCROtherVersion: a number that is another digest's is not deleted.
func TestGHCROtherVersion(t *testing.T) {
	w := newWorld()
	w.fill(4, 0)
	w.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		one := strings.Contains(r.URL.Path, "/versions/")
		if one {
			answerJSON(rw, http.StatusOK, map[string]any{
				"id": 1, "name": digest(0), "url": "x", "package_html_url": "x", "created_at": epoch, "updated_at": epoch,
			})
		}
		return one
	}
	s := stubOf(t, hosted.GHCR)
	err := w.client(t, s).DeleteManifest(t.Context(), s.ref.Pinned(digest(1)))
	require.ErrorIs(t, err, image.ErrRefused)
	assert.ErrorContains(t, err, "is another digest now")
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
