package registry_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	"github.com/basekeeper/basekeeper/internal/retention"
)

func TestRealList(t *testing.T) {
	for name, start := range writables() {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			one, two := registrytest.Push(t, host, "app", "v1"), registrytest.PushIndex(t, host, "app", "v2", "linux/amd64")
			registrytest.Tag(t, host, "app", "v1", "a")
			c := newClient(t, registry.Options{})
			want := retention.Listing{Tags: []retention.Tag{
				{Name: "a", Digest: one.Digest}, {Name: "v1", Digest: one.Digest}, {Name: "v2", Digest: two.Digest},
			}}
			got, err := c.List(t.Context(), ref(t, host, "app"))
			require.NoError(t, err)
			assert.Equal(t, want, got, "without a right to delete nothing is tried")
			assert.Zero(t, c.Requests()[host.Addr].Delete)

			want.TagDelete = name != "distribution 2.8"
			for range 2 {
				got, err = c.With(registry.Delete).List(t.Context(), ref(t, host, "app"))
				require.NoError(t, err)
				assert.Equal(t, want, got)
			}
			assert.Equal(t, 1, c.Requests()[host.Addr].Delete, "it is tried once")
			_, err = c.List(t.Context(), ref(t, host, "none"))
			require.ErrorIs(t, err, image.ErrNotFound)
		})
	}
}

func TestListIsWholeOrAnError(t *testing.T) {
	digest := image.FromBytes([]byte(body)).String()
	for name, tt := range map[string]struct {
		answer step // to the HEAD of tag b
		want   string
		is     error
	}{
		"gone is left out": {status(404), "", nil},
		"401":              {status(401), "resolve tag b: access denied", image.ErrDenied},
		"403":              {status(403), "resolve tag b: access denied", image.ErrDenied},
		"503":              {status(503), "resolve tag b: 127.0.0.1", nil},
		"429":              {status(429, "Retry-After", "3600"), "asks to come back in 1h", nil},
		"schema 1":         {manifest(image.MediaTypeDockerSchema1, digest, body), "schema 1", image.ErrUnsupported},
		"no manifest":      {manifest("text/html", image.FromBytes([]byte("<p>")).String(), "<p>"), "not JSON", image.ErrUnsupported},
		"cut":              {reset, "resolve tag b:", nil},
	} {
		t.Run(name, func(t *testing.T) {
			host := stub(t, func(w http.ResponseWriter, r *http.Request, path string) {
				switch path {
				case "tags/list":
					_, _ = w.Write([]byte(`{"tags":["c","b","a"]}`))
				case "manifests/b":
					tt.answer(w, r)
				default:
					manifest(image.MediaTypeOCIManifest, digest, body)(w, r)
				}
			})
			got, err := newClient(t, registry.Options{}).List(t.Context(), ref(t, host, "app"))
			if tt.want == "" {
				require.NoError(t, err)
				assert.Equal(t, []retention.Tag{{Name: "a", Digest: image.Digest(digest)}, {Name: "c", Digest: image.Digest(digest)}}, got.Tags)
				return
			}
			require.ErrorContains(t, err, tt.want)
			assert.Zero(t, got)
			if tt.is != nil {
				assert.ErrorIs(t, err, tt.is)
			}
		})
	}
}

func TestListProbesWhetherATagCanBeDeletedAlone(t *testing.T) {
	digest := image.FromBytes([]byte(body)).String()
	for name, tt := range map[string]struct {
		status int
		code   string
		can    bool
		is     error
		want   string
	}{
		"202": {202, "", true, nil, ""},
		"404": {404, "MANIFEST_UNKNOWN", true, nil, ""},
		"400": {400, "DIGEST_INVALID", false, nil, ""},
		"405": {405, "UNSUPPORTED", false, nil, ""},
		"401": {401, "UNAUTHORIZED", false, image.ErrDenied, "find out whether a tag can be deleted alone: access denied"},
		"403": {403, "DENIED", false, image.ErrDenied, "HTTP 403 DENIED"},
		"409": {409, "", false, image.ErrRefused, "HTTP 409"},
		"418": {418, "", false, nil, "HTTP 418"},
		"500": {500, "", false, nil, "HTTP 500 after 5 attempts"},
	} {
		t.Run(name, func(t *testing.T) {
			var log requestLog
			host := stub(t, func(w http.ResponseWriter, r *http.Request, path string) {
				switch {
				case path == "tags/list":
					_, _ = w.Write([]byte(`{"tags":["basekeeper.probe","basekeeper.probe-"]}`))
				case r.Method == http.MethodDelete:
					refuse(w, tt.status, tt.code)
				default:
					manifest(image.MediaTypeOCIManifest, digest, body)(w, r)
				}
			}, log.wrap)
			c := newClient(t, registry.Options{}).With(registry.Delete)
			for range 2 { // what could not be found out is tried again
				got, err := c.List(t.Context(), ref(t, host, "app"))
				if tt.want == "" {
					require.NoError(t, err)
					assert.Equal(t, tt.can, got.TagDelete)
					continue
				}
				require.ErrorContains(t, err, tt.want)
				if tt.is != nil {
					assert.ErrorIs(t, err, tt.is)
				}
			}
			if tt.want == "" {
				assert.Equal(t, 1, log.count(http.MethodDelete, ""))
			}
			assert.Equal(t, log.count(http.MethodDelete, ""), log.count(http.MethodDelete, "/v2/app/manifests/basekeeper.probe--"),
				"only what is not there is ever deleted")
		})
	}
}

func TestListIsOneHeadPerTagAndBounded(t *testing.T) {
	var inFlight gauge
	digest := image.FromBytes([]byte(body)).String()
	host := stub(t, func(w http.ResponseWriter, r *http.Request, path string) {
		if path == "tags/list" {
			_, _ = fmt.Fprintf(w, `{"tags":["%s"]}`, strings.Join(numbered(200), `","`))
			return
		}
		manifest(image.MediaTypeOCIManifest, digest, body)(w, r)
	}, inFlight.wrap)
	c := newClient(t, registry.Options{Concurrency: 3, Hosts: map[string]registry.Host{host.Addr: {PlainHTTP: true}}})
	got, err := c.List(t.Context(), ref(t, host, "app"))
	require.NoError(t, err)
	assert.Len(t, got.Tags, 200)
	assert.Equal(t, registry.Count{Head: 200, Get: 1, Ping: 1}, c.Requests()[host.Addr])
	assert.LessOrEqual(t, inFlight.highest(), 3)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.List(ctx, ref(t, host, "app"))
	require.ErrorIs(t, err, context.Canceled)
}
