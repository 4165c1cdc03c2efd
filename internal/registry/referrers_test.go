package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// referrer is an artifact that refers to subject.
func referrer(t testing.TB, c *registry.Client, app image.Reference, subject image.Descriptor) image.Digest {
	t.Helper()
	empty, err := c.PutBlob(t.Context(), app, []byte("{}"))
	require.NoError(t, err)
	artifact := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":%q,"size":2},`+
		`"layers":[],"subject":{"mediaType":%q,"digest":%q,"size":%d}}`,
		image.MediaTypeOCIManifest, empty, subject.MediaType, subject.Digest, subject.Size)
	digest, err := c.PutManifest(t.Context(), app.Tagged(""), image.MediaTypeOCIManifest, []byte(artifact))
	require.NoError(t, err)
	return digest
}

func TestRealReferrers(t *testing.T) {
	for name, start := range writables() {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			d := registrytest.Push(t, host, "app", "v1")
			other := registrytest.Push(t, host, "app", "v2")
			c := newClient(t, registry.Options{}).With(registry.Push)
			app := ref(t, host, "app")
			want := referrer(t, c, app, d)
			for range 2 {
				all, supported, err := c.Referrers(t.Context(), app.Pinned(d.Digest))
				require.NoError(t, err)
				assert.Equal(t, name == "memory", supported)
				if supported {
					require.Len(t, all, 1)
					assert.Equal(t, want, all[0].Digest)
				}
			}
			all, _, err := c.Referrers(t.Context(), app.Pinned(other.Digest))
			require.NoError(t, err)
			assert.Empty(t, all)
			if name != "memory" {
				assert.Equal(t, 1, c.Requests()[host.Addr].Get, "it is asked once whether there is such an API")
				return
			}
			_, _, err = c.Referrers(t.Context(), ref(t, host, "none").Pinned(d.Digest))
			require.ErrorIs(t, err, image.ErrNotFound)
			_, _, err = newClient(t, registry.Options{}).Referrers(t.Context(), ref(t, host, "none").Pinned(d.Digest))
			require.ErrorIs(t, err, image.ErrNotFound, "that a repository is unknown says nothing about the API")
		})
	}
}

// index is a page of referrers.
func index(digests ...image.Digest) string {
	var all []string
	for _, d := range digests {
		all = append(all, fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":1}`, image.MediaTypeOCIManifest, d))
	}
	return `{"schemaVersion":2,"manifests":[` + strings.Join(all, ",") + `]}`
}

func TestReferrersOfOddRegistries(t *testing.T) {
	a, b := image.FromBytes([]byte("a")), image.FromBytes([]byte("b"))
	oci := image.MediaTypeOCIIndex
	page := func(contentType, body, link string) step {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			if link != "" {
				w.Header().Set("Link", link)
			}
			_, _ = w.Write([]byte(body))
		}
	}
	next := `<?page=2>; rel="next"`
	for name, tt := range map[string]struct {
		pages []step
		want  []image.Digest
		no    bool // not supported
		is    error
		err   string
	}{
		"none":           {pages: []step{page(oci, index(), "")}},
		"null":           {pages: []step{page(oci, `{"manifests":null}`, "")}},
		"pages":          {pages: []step{page(oci, index(b), next), page(oci, index(b, a), "")}, want: []image.Digest{b, a}},
		"a circle":       {pages: []step{page(oci, index(b), next), page(oci, index(b), next)}, err: "circle"},
		"another host":   {pages: []step{page(oci, index(b), `<http://other.example/>; rel="next"`)}, err: "names another host"},
		"second is gone": {pages: []step{page(oci, index(b), next), status(404)}, is: image.ErrNotFound, err: "HTTP 404"},
		"cut":            {pages: []step{truncate, page(oci, index(a), "")}, want: []image.Digest{a}},
		"404":            {pages: []step{status(404)}, no: true},
		"400":            {pages: []step{status(400)}, no: true},
		"405":            {pages: []step{status(405)}, no: true},
		"406":            {pages: []step{status(406)}, no: true},
		"401":            {pages: []step{status(401)}, is: image.ErrDenied, err: "access denied"},
		"403":            {pages: []step{status(403)}, is: image.ErrDenied, err: "access denied"},
		"429":            {pages: []step{status(429, "Retry-After", "3600")}, err: "rate limit"},
		"418":            {pages: []step{status(418)}, err: "it answers HTTP 418"},
		"a page":         {pages: []step{page("text/html", "<html>", "")}, err: `media type "text/html" is no image index's`},
		"a manifest":     {pages: []step{page(image.MediaTypeOCIManifest, body, "")}, err: "is no image index's"},
		"no JSON":        {pages: []step{page(oci, "<html>", "")}, err: "lists no manifests"},
		"no digest":      {pages: []step{page(oci, index("sha256:12"), "")}, err: `parse digest "sha256:12"`},
		"no manifests":   {pages: []step{page(oci, "{}", "")}, err: "lists no manifests"},
		"too large":      {pages: []step{page(oci, strings.Repeat(" ", 4<<20+1), "")}, err: "larger than 4194304 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			host := stub(t, func(w http.ResponseWriter, r *http.Request, path string) {
				assert.Equal(t, "referrers/"+a.String(), path)
				tt.pages[n](w, r)
				n++
			})
			all, supported, err := newClient(t, registry.Options{}).Referrers(t.Context(), ref(t, host, "app").Pinned(a))
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				assert.False(t, supported)
				assert.Nil(t, all)
				if tt.is != nil {
					assert.ErrorIs(t, err, tt.is)
				}
				return
			}
			require.NoError(t, err)
			assert.Equal(t, !tt.no, supported)
			var got []image.Digest
			for _, d := range all {
				got = append(got, d.Digest)
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestReferrersAPIThatWasSeenDoesNotVanish(t *testing.T) {
	answers := []step{
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", image.MediaTypeOCIIndex)
			_, _ = w.Write([]byte(index()))
		},
		status(404),
	}
	host := stub(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		answers[0](w, r)
		answers = answers[1:]
	})
	c := newClient(t, registry.Options{})
	pinned := ref(t, host, "app").Pinned(image.FromBytes(nil))
	_, supported, err := c.Referrers(t.Context(), pinned)
	require.NoError(t, err)
	assert.True(t, supported)
	_, _, err = c.Referrers(t.Context(), pinned)
	require.ErrorIs(t, err, image.ErrNotFound)
	_, _, err = c.Referrers(t.Context(), ref(t, host, "app:v1"))
	require.EqualError(t, err, "no digest to ask for")
}
