package artifact_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// distributions are the registries that check what a manifest names.
var distributions = map[string]func(*testing.T) registrytest.Host{
	"distribution v3":  func(t *testing.T) registrytest.Host { return registrytest.StartV3(t) },
	"distribution 2.8": func(t *testing.T) registrytest.Host { return registrytest.StartV2(t) },
}

// client returns one process's client, and a repository.
func client(t *testing.T, host registrytest.Host, transport http.RoundTripper) (*registry.Client, image.Reference) {
	t.Helper()
	c, err := registry.New(registry.Options{Transport: transport, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c.With(registry.Delete), image.Reference{Registry: host.Addr, Repository: "team/app"}
}

func TestRealLedger(t *testing.T) {
	for name, start := range distributions {
		t.Run(name, func(t *testing.T) { realLedger(t, start(t)) })
	}
	t.Run("memory", func(t *testing.T) { realLedger(t, registrytest.StartMemory(t)) })
}

func realLedger(t *testing.T, host registrytest.Host) {
	t.Helper()
	c, ref := client(t, host, nil)
	s := artifact.Store{Registry: c}
	l, err := s.ReadLedger(t.Context(), ref)
	require.NoError(t, err)
	require.Equal(t, ledger.Ledger{}, l, "there is none")

	l, err = s.UpdateLedger(t.Context(), ref, adds("v1"))
	require.NoError(t, err)
	holds, err := s.Holds(t.Context(), ref, l)
	require.NoError(t, err)
	assert.True(t, holds)
	got, err := s.ReadLedger(t.Context(), ref)
	require.NoError(t, err)
	assert.Equal(t, l, got)

	other, _ := client(t, host, nil)
	concurrentWriters(t, artifact.Store{Registry: c}, ref, 20)
	_, err = artifact.Store{Registry: other}.UpdateLedger(t.Context(), ref, adds("v9"))
	require.NoError(t, err)
	holds, err = s.Holds(t.Context(), ref, l)
	require.NoError(t, err)
	assert.False(t, holds)

	registrytest.Push(t, host, "team/app", ledger.Tag)
	_, err = s.UpdateLedger(t.Context(), ref, adds("v10"))
	require.ErrorIs(t, err, ledger.ErrDamaged)
	assert.ErrorContains(t, err, "run basekeeper ledger repair "+ref.Name())
}

// whole is an image's manifests, what is tagged first.
func whole(t *testing.T, c *registry.Client, ref image.Reference, digest image.Digest) *deletion {
	t.Helper()
	d := newDeletion()
	for rest := []image.Digest{digest}; len(rest) > 0; rest = rest[1:] {
		body, _, err := c.Manifest(t.Context(), ref.Pinned(rest[0]))
		require.NoError(t, err)
		content, err := image.ParseContent(body)
		require.NoError(t, err)
		d.addBytes(rest[0], body)
		d.journal.Entries[len(d.journal.Entries)-1].MediaType = content.MediaType
		for _, child := range content.Manifests {
			rest = append(rest, child.Digest)
		}
	}
	return d
}

// What is in the trash comes back whole after the registry's own garbage
// collection; what is not in it does not.
func TestRealTrashSurvivesGarbageCollection(t *testing.T) {
	for name, start := range distributions {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			c, ref := client(t, host, nil)
			s := artifact.Store{Registry: c}
			index := registrytest.PushIndex(t, host, "team/app", "v1", "linux/amd64", "linux/arm64")
			lost := registrytest.Push(t, host, "team/app", "v2")
			d, control := whole(t, c, ref, index.Digest), whole(t, c, ref, lost.Digest)
			require.Len(t, d.journal.Entries, 3)

			tag, err := s.WriteTrash(t.Context(), ref, d.journal, d.manifests)
			require.NoError(t, err)
			again, err := s.WriteTrash(t.Context(), ref, d.journal, d.manifests)
			require.NoError(t, err)
			assert.Equal(t, tag, again)
			for _, e := range append(d.journal.Entries, control.journal.Entries...) {
				require.NoError(t, c.DeleteManifest(t.Context(), ref.Pinned(e.Digest)))
			}
			registrytest.GarbageCollect(t, host)

			j, err := s.ReadTrash(t.Context(), ref, tag)
			require.NoError(t, err)
			assert.Equal(t, d.noted(), j)
			for i := len(j.Entries) - 1; i >= 0; i-- {
				body, err := s.Saved(t.Context(), ref, j.Entries[i])
				require.NoError(t, err)
				digest, err := c.PutManifest(t.Context(), ref, j.Entries[i].MediaType, body)
				require.NoError(t, err)
				assert.Equal(t, j.Entries[i].Digest, digest)
				blobs, err := trash.Blobs(body)
				require.NoError(t, err)
				for _, b := range blobs {
					content, err := c.Blob(t.Context(), ref.Pinned(b.Digest))
					require.NoError(t, err)
					assert.Len(t, content, int(b.Size))
				}
			}
			_, err = c.PutManifest(t.Context(), ref, control.journal.Entries[0].MediaType, control.manifests[lost.Digest])
			assert.Error(t, err, "without trash, the collector takes it")
		})
	}
}

func TestRealTrashOfABrokenImage(t *testing.T) {
	for name, start := range distributions {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			c, ref := client(t, host, nil)
			s := artifact.Store{Registry: c}
			d := whole(t, c, ref, registrytest.Push(t, host, "team/app", "v1").Digest)
			blobs, err := trash.Blobs(d.manifests[d.journal.Entries[0].Digest])
			require.NoError(t, err)
			layer := blobs[len(blobs)-1].Digest
			req, err := http.NewRequest(http.MethodDelete, "http://"+host.Addr+"/v2/team/app/blobs/"+layer.String(), nil)
			require.NoError(t, err)
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			resp.Body.Close()
			require.Equal(t, http.StatusAccepted, resp.StatusCode)

			tag, err := s.WriteTrash(t.Context(), ref, d.journal, d.manifests)
			require.NoError(t, err)
			j, err := s.ReadTrash(t.Context(), ref, tag)
			require.NoError(t, err)
			assert.Equal(t, []image.Digest{layer}, j.Entries[0].Missing)
			_, err = s.Saved(t.Context(), ref, j.Entries[0])
			assert.NoError(t, err)
		})
	}
}

// refusing answers some pushes itself, as registries do that take images only.
type refusing struct{ status int }

func (r refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodPut || !strings.Contains(req.URL.Path, "/manifests/"+trash.TagPrefix) {
		return http.DefaultTransport.RoundTrip(req)
	}
	if req.Body != nil {
		_ = req.Body.Close()
	}
	body := io.NopCloser(strings.NewReader(`{"errors":[{"code":"MANIFEST_INVALID"}]}`))
	return &http.Response{StatusCode: r.status, Header: http.Header{}, Body: body, Request: req}, nil
}

func TestRealTrashRefused(t *testing.T) {
	host := registrytest.StartMemory(t)
	for _, status := range []int{http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType} {
		c, ref := client(t, host, refusing{status})
		d := whole(t, c, ref, registrytest.Push(t, host, "team/app", "v1").Digest)
		_, err := artifact.Store{Registry: c}.WriteTrash(t.Context(), ref, d.journal, d.manifests)
		require.ErrorIs(t, err, image.ErrRefused, status)
		assert.ErrorContains(t, err, "nothing may be deleted")
	}
}
