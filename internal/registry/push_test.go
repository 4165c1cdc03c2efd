package registry_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// writables are all registries that can be written to here.
func writables() map[string]func(testing.TB, ...registrytest.Option) registrytest.Host {
	all := reals()
	all["memory"] = func(t testing.TB, _ ...registrytest.Option) registrytest.Host {
		t.Helper()
		return registrytest.StartMemory(t)
	}
	return all
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

func TestRealRetagIsByteForByteAndRepeatable(t *testing.T) {
	for name, start := range writables() {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			want := registrytest.PushIndex(t, host, "app", "latest", "linux/amd64", "linux/arm64/v8")
			c := newClient(t, registry.Options{}).With(registry.Push)
			body, d, err := c.Fetch(t.Context(), ref(t, host, "app"))
			require.NoError(t, err)
			before := c.Requests()[host.Addr]
			for range 2 {
				digest, err := c.PutManifest(t.Context(), ref(t, host, "app:v5"), d.MediaType, body)
				require.NoError(t, err)
				assert.Equal(t, want.Digest, digest)
			}
			after := c.Requests()[host.Addr]
			assert.Equal(t, before.Write+2, after.Write)
			assert.Equal(t, before.Total()+2, after.Total(), "one request each")
			got, err := c.Resolve(t.Context(), ref(t, host, "app:v5"))
			require.NoError(t, err)
			assert.Equal(t, want, got)
			_, _, err = c.Fetch(t.Context(), ref(t, host, "app").Pinned(want.Digest))
			require.EqualError(t, err, "no tag to follow")
		})
	}
}

func TestPutManifestIsRefusedOrDenied(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		code   string
		is     error
		want   string
	}{
		"immutable at Amazon":  {400, "TAG_INVALID", image.ErrRefused, "the tag is immutable"},
		"a blob is missing":    {400, "MANIFEST_BLOB_UNKNOWN", nil, "push to 127.0.0.1"},
		"a child is missing":   {404, "MANIFEST_UNKNOWN", nil, "it answers HTTP 404 MANIFEST_UNKNOWN"},
		"read-only":            {405, "", image.ErrRefused, "read-only"},
		"409":                  {409, "", image.ErrRefused, "HTTP 409: a rule there forbids it"},
		"immutable at Harbor":  {412, "PRECONDITION", image.ErrRefused, "that the tag is immutable"},
		"too large":            {413, "", nil, "HTTP 413"},
		"401":                  {401, "", image.ErrDenied, "takes no pushes; run docker login"},
		"403":                  {403, "DENIED", image.ErrDenied, "403 DENIED"},
		"429":                  {429, "", nil, "rate limit"},
		"500":                  {500, "", nil, "HTTP 500 after 5 attempts"},
		"a redirect to a page": {302, "", nil, "turn it into a read"},
	} {
		t.Run(name, func(t *testing.T) {
			host := stub(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
				w.Header().Set("Location", "/v2/")
				refuse(w, tt.status, tt.code)
			})
			c := newClient(t, registry.Options{}).With(registry.Push)
			_, err := c.PutManifest(t.Context(), ref(t, host, "app:v5"), image.MediaTypeOCIManifest, []byte(body))
			assertIs(t, err, tt.is, tt.want)
		})
	}
}

// TestPutManifestRefused: a type that the registry does not know, and content
// that it does not have, are told apart from whatever else is wrong with a
// manifest.
func TestPutManifestRefused(t *testing.T) {
	for answer, want := range map[string]error{
		`{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":"unknown media type: a/b"}]}`: image.ErrMediaType,  // GitLab's
		`{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry","detail":"sha256:1"}]}`:   image.ErrIncomplete, // the specification's
		`{"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match uploaded content"}]}`:        image.ErrIncomplete, // distribution 2.8's
		`{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid"}]}`:                                    nil,
		"": nil,
	} {
		host := stub(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, answer)
		})
		c := newClient(t, registry.Options{}).With(registry.Push)
		_, err := c.PutManifest(t.Context(), ref(t, host, "app:v5"), image.MediaTypeOCIManifest, []byte(body))
		require.ErrorContains(t, err, "HTTP 400")
		for _, known := range []error{image.ErrMediaType, image.ErrIncomplete} {
			assert.Equal(t, errors.Is(want, known), errors.Is(err, known), answer)
		}
	}
}

func TestPutManifestComparesTheDigest(t *testing.T) {
	digest, other := image.FromBytes([]byte(body)), image.FromBytes([]byte("other"))
	for name, tt := range map[string]struct {
		said, stored string // headers of the answers to PUT and HEAD
		ref          string
		digest       image.Digest // in the reference
		path         string       // that is written to
		want         string       // error
	}{
		"as sent":             {digest.String(), "", "app:v5", "", "manifests/v5", ""},
		"digest and tag":      {digest.String(), "", "app:v5", digest, "manifests/v5", ""},
		"by digest":           {digest.String(), "", "app", "", "manifests/" + digest.String(), ""},
		"another":             {other.String(), "", "app:v5", "", "manifests/v5", "it answers with \"" + other.String()},
		"no digest":           {canary, "", "app:v5", "", "manifests/v5", "the registry stored something else"},
		"not said, as sent":   {"", digest.String(), "app:v5", "", "manifests/v5", ""},
		"not said, another":   {"", other.String(), "app:v5", "", "manifests/v5", "the registry stored something else"},
		"another is asked of": {"", "", "app:v5", other, "", "it should be " + other.String()},
	} {
		t.Run(name, func(t *testing.T) {
			written := ""
			host := stub(t, func(w http.ResponseWriter, r *http.Request, path string) {
				if r.Method == http.MethodPut {
					written = path
					sent, _ := io.ReadAll(r.Body)
					assert.Equal(t, image.FromBytes([]byte(body)), image.FromBytes(sent))
					assert.Equal(t, image.MediaTypeOCIManifest, r.Header.Get("Content-Type"))
					assert.EqualValues(t, len(body), r.ContentLength)
					if tt.said != "" {
						w.Header().Set("Docker-Content-Digest", tt.said)
					}
					w.WriteHeader(http.StatusCreated)
					return
				}
				manifest(image.MediaTypeOCIManifest, tt.stored, body)(w, r)
			})
			r := ref(t, host, tt.ref).Pinned(tt.digest)
			c := newClient(t, registry.Options{}).With(registry.Push)
			got, err := c.PutManifest(t.Context(), r, image.MediaTypeOCIManifest, []byte(body))
			assert.Equal(t, tt.path, written)
			if tt.want != "" {
				require.ErrorIs(t, err, image.ErrMismatch)
				assert.ErrorContains(t, err, tt.want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, digest, got)
		})
	}
}

func TestPutManifestIsRepeatedWithItsBody(t *testing.T) {
	for name, first := range map[string]step{
		"429": status(429), "429 with a time": status(429, "Retry-After", "2"), "503": status(503), "cut": reset, "a short answer": truncate,
	} {
		t.Run(name, func(t *testing.T) {
			host := registrytest.StartMemory(t, scripted(first))
			c := newClient(t, registry.Options{Transport: &http.Transport{DisableKeepAlives: true}}).With(registry.Push)
			digest, err := c.PutManifest(t.Context(), ref(t, host, "app:v5"), image.MediaTypeOCIManifest, []byte(body))
			require.NoError(t, err)
			assert.Equal(t, image.FromBytes([]byte(body)), digest)
			got, _, err := c.Fetch(t.Context(), ref(t, host, "app:v5"))
			require.NoError(t, err)
			assert.Equal(t, image.FromBytes([]byte(body)), image.FromBytes(got))
			assert.Equal(t, 2, c.Requests()[host.Addr].Write)
		})
	}
}

func TestPutManifestFollowsARedirectThatKeepsIt(t *testing.T) {
	host := stub(t, func(w http.ResponseWriter, r *http.Request, path string) {
		sent, _ := io.ReadAll(r.Body)
		assert.Equal(t, image.FromBytes([]byte(body)), image.FromBytes(sent))
		if path == "manifests/v5" {
			w.Header().Set("Location", "/v2/app/manifests/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		assert.Equal(t, "manifests/elsewhere", path)
		assert.Equal(t, http.MethodPut, r.Method)
		w.Header().Set("Docker-Content-Digest", image.FromBytes(sent).String())
		w.WriteHeader(http.StatusCreated)
	})
	c := newClient(t, registry.Options{}).With(registry.Push)
	_, err := c.PutManifest(t.Context(), ref(t, host, "app:v5"), image.MediaTypeOCIManifest, []byte(body))
	require.NoError(t, err)
	_, err = c.PutManifest(t.Context(), ref(t, host, "app").Tagged("../blobs"), image.MediaTypeOCIManifest, []byte(body))
	require.EqualError(t, err, `"../blobs" is no tag`)
}
