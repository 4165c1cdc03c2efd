package registry_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

func TestRealDeleteTag(t *testing.T) {
	for name, start := range writables() {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			d := registrytest.Push(t, host, "app", "latest")
			registrytest.Tag(t, host, "app", "latest", "v5")
			c := newClient(t, registry.Options{}).With(registry.Delete)
			err := c.DeleteTag(t.Context(), ref(t, host, "app:v5"))
			tags := []string{"latest"}
			if name == "distribution 2.8" {
				require.ErrorIs(t, err, image.ErrRefused)
				require.ErrorContains(t, err, "cannot delete a tag alone")
				require.ErrorIs(t, c.DeleteTag(t.Context(), ref(t, host, "app:none")), image.ErrRefused)
				tags = []string{"latest", "v5"}
			} else {
				require.NoError(t, err)
				require.NoError(t, c.DeleteTag(t.Context(), ref(t, host, "app:v5")), "it is gone already")
			}
			got, err := c.Tags(t.Context(), ref(t, host, "app"))
			require.NoError(t, err)
			assert.Equal(t, tags, got)
			left, err := c.Resolve(t.Context(), ref(t, host, "app"))
			require.NoError(t, err)
			assert.Equal(t, d, left, "the other tag and the digest stay")
		})
	}
}

func TestRealDeleteManifest(t *testing.T) {
	for name, start := range reals() {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			d := registrytest.Push(t, host, "app", "latest")
			registrytest.Tag(t, host, "app", "latest", "v5")
			kept := registrytest.Push(t, host, "app", "v6")
			c := newClient(t, registry.Options{}).With(registry.Delete)
			app := ref(t, host, "app")
			body, _, err := c.Fetch(t.Context(), app)
			require.NoError(t, err)
			for range 2 {
				require.NoError(t, c.DeleteManifest(t.Context(), app.Pinned(d.Digest)))
			}
			listing, err := c.List(t.Context(), app)
			require.NoError(t, err)
			require.Len(t, listing.Tags, 1)
			assert.Equal(t, kept.Digest, listing.Tags[0].Digest)

			_, err = c.PutManifest(t.Context(), app.Tagged("v5"), d.MediaType, body)
			require.NoError(t, err, "the blobs are there until they are collected")
			require.NoError(t, c.DeleteManifest(t.Context(), app.Pinned(d.Digest)))
			registrytest.GarbageCollect(t, host)
			_, err = c.PutManifest(t.Context(), app.Tagged("v5"), d.MediaType, body)
			require.ErrorContains(t, err, "MANIFEST_BLOB_UNKNOWN")
			_, err = c.Resolve(t.Context(), app.Tagged("v6"))
			require.NoError(t, err)
		})
	}
}

func TestRealDeleteIsDisabled(t *testing.T) {
	for name, start := range reals() {
		t.Run(name, func(t *testing.T) {
			host := start(t, registrytest.WithoutDelete())
			d := registrytest.Push(t, host, "app", "v5")
			c := newClient(t, registry.Options{}).With(registry.Delete)
			assertIs(t, c.DeleteTag(t.Context(), ref(t, host, "app:v5")), image.ErrRefused, "has deleting disabled")
			assertIs(t, c.DeleteManifest(t.Context(), ref(t, host, "app").Pinned(d.Digest)), image.ErrRefused, "HTTP 405 UNSUPPORTED")
			listing, err := c.List(t.Context(), ref(t, host, "app"))
			require.NoError(t, err)
			assert.Len(t, listing.Tags, 1)
			assert.False(t, listing.TagDelete)
		})
	}
}

func TestDeleteIsRefusedOrDenied(t *testing.T) {
	digest := image.FromBytes([]byte(body))
	for name, tt := range map[string]struct {
		status         int
		code           string
		tag, manifest  error  // nil for any other error
		inTag, inOther string // part of the message
	}{
		"400":          {400, "DIGEST_INVALID", image.ErrRefused, nil, "cannot delete a tag alone", "delete from"},
		"405":          {405, "UNSUPPORTED", image.ErrRefused, image.ErrRefused, "cannot delete a tag alone", "deleting is disabled"},
		"409":          {409, "DENIED", image.ErrRefused, image.ErrRefused, "a rule there forbids it", "a rule there forbids it"},
		"412":          {412, "PRECONDITION", image.ErrRefused, image.ErrRefused, "HTTP 412 PRECONDITION", "HTTP 412 PRECONDITION"},
		"dangling":     {400, "GOOGLE_MANIFEST_DANGLING_TAG", image.ErrRefused, image.ErrRefused, "HTTP 400", "still needs it"},
		"401":          {401, "UNAUTHORIZED", image.ErrDenied, image.ErrDenied, "lets nothing be deleted", "docker login"},
		"403":          {403, "DENIED", image.ErrDenied, image.ErrDenied, "403 DENIED", "403 DENIED"},
		"429":          {429, "TOOMANYREQUESTS", nil, nil, "rate limit", "rate limit"},
		"503":          {503, "", nil, nil, "is not available", "is not available"},
		"418":          {418, "", nil, nil, "delete from 127.0.0.1", "it answers HTTP 418"},
		"a lying 404":  {404, "", image.ErrRefused, image.ErrRefused, "it is still there", "it is still there"},
		"302 to a GET": {302, "", nil, nil, "turn it into a read", "turn it into a read"},
	} {
		t.Run(name, func(t *testing.T) {
			host := stub(t, func(w http.ResponseWriter, r *http.Request, _ string) {
				if r.Method != http.MethodDelete {
					manifest(image.MediaTypeOCIManifest, digest.String(), body)(w, r)
					return
				}
				w.Header().Set("Location", "/v2/")
				refuse(w, tt.status, tt.code)
			})
			c := newClient(t, registry.Options{}).With(registry.Delete)
			err := c.DeleteTag(t.Context(), ref(t, host, "app:v1"))
			assertIs(t, err, tt.tag, tt.inTag)
			err = c.DeleteManifest(t.Context(), ref(t, host, "app").Pinned(digest))
			assertIs(t, err, tt.manifest, tt.inOther)
		})
	}
}

// assertIs checks which of the errors that callers branch on err is, nil for
// none of them, and that it says text and no secret.
func assertIs(t *testing.T, err, want error, text string) {
	t.Helper()
	require.ErrorContains(t, err, text)
	assert.NotContains(t, err.Error(), canary)
	for _, known := range []error{image.ErrNotFound, image.ErrDenied, image.ErrRefused, image.ErrMismatch} {
		assert.Equal(t, known == want, errors.Is(err, known), "%v is %v", err, known) //nolint:errorlint // the very sentinel
	}
}

func TestDeleteIsRepeated(t *testing.T) {
	for name, first := range map[string]step{
		"429":               status(429),
		"429 with a time":   status(429, "Retry-After", "1"),
		"503":               status(503),
		"done, but cut off": reset,
	} {
		t.Run(name, func(t *testing.T) {
			var log requestLog
			host := registrytest.StartMemory(t, log.wrap, scripted(first, status(404)))
			c := newClient(t, registry.Options{Transport: &http.Transport{DisableKeepAlives: true}}).With(registry.Delete)
			require.NoError(t, c.DeleteTag(t.Context(), ref(t, host, "app:v1")))
			assert.Equal(t, 2, log.count(http.MethodDelete, "/v2/app/manifests/v1"))
			got := c.Requests()[host.Addr]
			assert.Equal(t, 2, got.Delete)
			assert.Equal(t, 1, got.Retried)
			assert.Equal(t, 1, got.Head, "it is checked that the tag is gone")
		})
	}
}

func TestDeleteWantsExactlyOneThing(t *testing.T) {
	host := registrytest.StartMemory(t)
	d := registrytest.Push(t, host, "app", "latest")
	c := newClient(t, registry.Options{})
	app := ref(t, host, "app")
	require.EqualError(t, c.With(registry.Delete).DeleteTag(t.Context(), app.Pinned(d.Digest)), `no tag to delete: ""`)
	require.ErrorContains(t, c.With(registry.Delete).DeleteTag(t.Context(), app.Tagged(d.Digest.String())), "no tag to delete")
	require.EqualError(t, c.With(registry.Delete).DeleteManifest(t.Context(), app.Tagged("latest")), "no digest to delete")
	require.ErrorContains(t, c.With(registry.Delete).DeleteManifest(t.Context(), app.Tagged("latest").Pinned(d.Digest)), "name it without a tag")
	for _, less := range []*registry.Client{c, c.With(registry.Push)} {
		require.ErrorContains(t, less.DeleteTag(t.Context(), app.Tagged("latest")), "may not delete")
		require.ErrorContains(t, less.DeleteManifest(t.Context(), app.Pinned(d.Digest)), "may not delete")
	}
	require.ErrorContains(t, c.With(registry.Delete).DeleteTag(t.Context(), image.Reference{Tag: "v1"}), "no image named")
	assert.Empty(t, c.Requests())
}
