package registry_test

import (
	"crypto/sha512"
	"encoding/hex"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

const body = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}`

func TestResolveReadsWhereHeadSaysTooLittle(t *testing.T) {
	digest := image.FromBytes([]byte(body))
	sum := sha512.Sum512([]byte(body))
	sha512 := image.Digest("sha512:" + hex.EncodeToString(sum[:]))
	oci := image.MediaTypeOCIManifest
	get := manifest(oci, "", body)
	sizeless := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", oci)
		w.Header().Set("Docker-Content-Digest", digest.String())
		_ = http.NewResponseController(w).Flush()
	}
	for name, tt := range map[string]struct {
		steps []step
		want  image.Digest
	}{
		"no digest":             {[]step{manifest(oci, "", body), get}, digest},
		"bad digest":            {[]step{manifest(oci, "sha256:12", body), get}, digest},
		"405":                   {[]step{status(405), get}, digest},
		"no size":               {[]step{sizeless, get}, digest},
		"octets":                {[]step{manifest("application/octet-stream", digest.String(), body), manifest("application/octet-stream", digest.String(), body)}, digest},
		"sha512":                {[]step{status(405), manifest(oci, sha512.String(), body)}, sha512},
		"complete, no GET":      {[]step{manifest(oci, digest.String(), body), status(500)}, digest},
		"type with a parameter": {[]step{manifest(oci+"; charset=utf-8", digest.String(), body)}, digest},
	} {
		t.Run(name, func(t *testing.T) {
			host := registrytest.StartMemory(t, scripted(tt.steps...))
			got, err := newClient(t, registry.Options{}).Resolve(t.Context(), ref(t, host, "app:1"))
			require.NoError(t, err)
			assert.Equal(t, image.Descriptor{MediaType: oci, Digest: tt.want, Size: int64(len(body))}, got)
		})
	}
}

func TestWrongAnswers(t *testing.T) {
	other := image.FromBytes([]byte("other")).String()
	oci := image.MediaTypeOCIManifest
	for name, tt := range map[string]struct {
		steps []step
		is    error
		want  string
	}{
		"schema 1":         {[]step{manifest(image.MediaTypeDockerSigned1, other, body)}, image.ErrUnsupported, "schema 1"},
		"schema 1 by GET":  {[]step{status(405), manifest(image.MediaTypeDockerSchema1, other, body)}, image.ErrUnsupported, "schema 1"},
		"other bytes":      {[]step{status(405), manifest(oci, other, body)}, image.ErrMismatch, "it should be " + other},
		"cut short":        {[]step{status(405), manifest(oci, image.FromBytes([]byte(body)).String(), body[:30])}, image.ErrMismatch, "but the bytes are"},
		"no digest at all": {[]step{status(405), manifest(oci, "md5:1", body)}, image.ErrMismatch, "no digest"},
		"a page":           {[]step{manifest("text/html", "", "<html>"), manifest("text/html", "", "<html>")}, image.ErrUnsupported, "not JSON"},
		"some JSON":        {[]step{manifest("application/json", "", "{}"), manifest("application/json", "", "{}")}, image.ErrUnsupported, `media type "application/json"`},
		"forbidden":        {[]step{status(403)}, image.ErrDenied, "docker login"},
		"unauthorized":     {[]step{status(401)}, image.ErrDenied, "no credentials for 127.0.0.1"},
		"not found":        {[]step{status(404)}, image.ErrNotFound, "answers HTTP 404"},
	} {
		t.Run(name, func(t *testing.T) {
			host := registrytest.StartMemory(t, scripted(tt.steps...))
			_, err := newClient(t, registry.Options{}).Resolve(t.Context(), ref(t, host, "app:1"))
			require.ErrorIs(t, err, tt.is)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestManifestIsNotWhatWasAskedFor(t *testing.T) {
	want := image.FromBytes([]byte("wanted"))
	host := registrytest.StartMemory(t, scripted(
		manifest(image.MediaTypeOCIManifest, want.String(), body),
		manifest(image.MediaTypeOCIManifest, image.FromBytes([]byte(body)).String(), body)))
	c := newClient(t, registry.Options{})
	_, _, err := c.Manifest(t.Context(), ref(t, host, "app").Pinned(want))
	require.ErrorIs(t, err, image.ErrMismatch)
	_, err = c.Exists(t.Context(), ref(t, host, "app").Pinned(want))
	require.ErrorIs(t, err, image.ErrMismatch)
}

func TestExistsReadsWhereHeadIsRefused(t *testing.T) {
	digest := image.FromBytes([]byte(body))
	host := registrytest.StartMemory(t, scripted(status(405), manifest(image.MediaTypeOCIManifest, "", body)))
	exists, err := newClient(t, registry.Options{}).Exists(t.Context(), ref(t, host, "app").Pinned(digest))
	require.NoError(t, err)
	assert.True(t, exists)
}

func TestErrorCodeIsRepeatedButNotItsText(t *testing.T) {
	host := registrytest.StartMemory(t)
	_, _, err := newClient(t, registry.Options{}).Manifest(t.Context(), ref(t, host, "app").Pinned(image.FromBytes(nil)))
	require.ErrorIs(t, err, image.ErrNotFound)
	assert.EqualError(t, err, "not found: "+host.Addr+" answers HTTP 404 NAME_UNKNOWN")
}

func TestPlatform(t *testing.T) {
	config := `{"os":"linux","architecture":"arm64","variant":"v8"}`
	content := `{"schemaVersion":2,"mediaType":"` + image.MediaTypeOCIManifest + `","config":{"digest":"` +
		image.FromBytes([]byte(config)).String() + `"}}`
	host := registrytest.StartMemory(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v2/":
			case "/v2/app/manifests/" + image.FromBytes([]byte(content)).String():
				w.Header().Set("Content-Type", image.MediaTypeOCIManifest)
				_, _ = w.Write([]byte(content))
			case "/v2/app/blobs/" + image.FromBytes([]byte(config)).String():
				_, _ = w.Write([]byte(config))
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		})
	})
	c := newClient(t, registry.Options{})
	pinned := ref(t, host, "app:1").Pinned(image.FromBytes([]byte(content)))
	got, err := c.Platform(t.Context(), nil, pinned)
	require.NoError(t, err)
	assert.Equal(t, image.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}, got)
	_, err = c.Platform(t.Context(), []byte(body), pinned)
	require.ErrorIs(t, err, image.ErrUnsupported)
	_, err = c.Platform(t.Context(), []byte(`{"config":{"digest":"../x"}}`), pinned)
	require.ErrorIs(t, err, image.ErrUnsupported)
}
