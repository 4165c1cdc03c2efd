package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
)

var (
	created = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	amd64   = image.Platform{OS: "linux", Architecture: "amd64"}
	arm     = image.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}
)

func start(t *testing.T) *sandbox.Registry {
	t.Helper()
	r, err := sandbox.StartRegistry(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r
}

func publish(t *testing.T, r *sandbox.Registry, p sandbox.Image) image.Digest {
	t.Helper()
	digest, err := r.Publish(t.Context(), p)
	require.NoError(t, err)
	return digest
}

func get(t *testing.T, r *sandbox.Registry, ref string) *remote.Descriptor {
	t.Helper()
	parsed, err := name.ParseReference(r.Host() + "/" + ref)
	require.NoError(t, err)
	d, err := remote.Get(parsed)
	require.NoError(t, err)
	return d
}

// intact checks that the registry has all that index names, as it names it.
func intact(t *testing.T, index v1.ImageIndex) {
	t.Helper()
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	for _, d := range manifest.Manifests {
		img, err := index.Image(d.Digest)
		require.NoError(t, err)
		config, err := img.ConfigFile()
		require.NoError(t, err)
		layers, err := img.Layers()
		require.NoError(t, err)
		assert.Len(t, config.RootFS.DiffIDs, len(layers))
		for i, layer := range layers {
			reader, err := layer.Uncompressed()
			require.NoError(t, err)
			content, err := io.ReadAll(reader)
			require.NoError(t, err)
			assert.Equal(t, config.RootFS.DiffIDs[i].String(), string(image.FromBytes(content)))
			digest, err := layer.Digest()
			require.NoError(t, err)
			assert.Equal(t, string(image.FromBytes(content)), digest.String(), "layers are not compressed")
		}
	}
}

func TestPublishIsDeterministic(t *testing.T) {
	one, two := start(t), start(t)
	base := sandbox.Image{Repository: "library/rhel", Tag: "7.5", Platforms: []image.Platform{amd64, arm}, Layer: "a", Created: created, Attestation: true}
	app := sandbox.Image{Repository: "team/app", Tag: "latest", Base: "library/rhel:7.5", Layer: "app", Labels: map[string]string{"b": "1", "a": "2"}}
	for _, p := range []sandbox.Image{base, app} {
		first := publish(t, one, p)
		assert.Equal(t, first, publish(t, two, p), "on another port")
		assert.Equal(t, first, publish(t, one, p), "again")
	}
	before := publish(t, one, base)
	for name, change := range map[string]func(*sandbox.Image){
		"layer":       func(p *sandbox.Image) { p.Layer = "b" },
		"created":     func(p *sandbox.Image) { p.Created = created.Add(time.Hour) },
		"labels":      func(p *sandbox.Image) { p.Labels = map[string]string{"x": "y"} },
		"platforms":   func(p *sandbox.Image) { p.Platforms = p.Platforms[:1] },
		"attestation": func(p *sandbox.Image) { p.Attestation = false },
	} {
		p := base
		change(&p)
		digest := publish(t, one, p)
		assert.NotEqual(t, before, digest, name)
		assert.Equal(t, string(digest), get(t, one, "library/rhel:7.5").Digest.String())
	}
}

func TestPublishMakesWhatItSays(t *testing.T) {
	r := start(t)
	single := publish(t, r, sandbox.Image{Repository: "single", Tag: "1", Layer: "x"})
	d := get(t, r, "single:1")
	assert.Equal(t, image.MediaTypeOCIManifest, string(d.MediaType))
	assert.Equal(t, string(single), d.Digest.String())

	publish(t, r, sandbox.Image{Repository: "one", Tag: "1", Platforms: []image.Platform{arm}, Attestation: true})
	d = get(t, r, "one:1")
	assert.Equal(t, image.MediaTypeOCIIndex, string(d.MediaType))
	index, err := image.ParseIndex(d.Manifest)
	require.NoError(t, err)
	require.Len(t, index.Platforms, 1, "an attestation is no platform")
	assert.Equal(t, arm, *index.Platforms[0].Platform)
	parsed, err := d.ImageIndex()
	require.NoError(t, err)
	intact(t, parsed)

	publish(t, r, sandbox.Image{Repository: "two", Tag: "1", Platforms: []image.Platform{amd64, arm}})
	index, err = image.ParseIndex(get(t, r, "two:1").Manifest)
	require.NoError(t, err)
	assert.Len(t, index.Platforms, 2)
}

func TestPublishBuildsUponABase(t *testing.T) {
	r := start(t)
	base := publish(t, r, sandbox.Image{
		Repository: "rhel", Tag: "7.5", Platforms: []image.Platform{amd64, arm}, Layer: "a",
		Labels: map[string]string{"vendor": "v", "name": "rhel"}, Attestation: true,
	})
	for _, ref := range []string{"rhel:7.5", r.Host() + "/rhel:7.5", "rhel@" + string(base)} {
		publish(t, r, sandbox.Image{Repository: "tomcat", Tag: "9", Base: ref, Layer: "b", Labels: map[string]string{"name": "tomcat"}})
		index, err := get(t, r, "tomcat:9").ImageIndex()
		require.NoError(t, err)
		intact(t, index)
		manifest, err := index.IndexManifest()
		require.NoError(t, err)
		require.Len(t, manifest.Manifests, 2, "the platforms of the base")
		img, err := index.Image(manifest.Manifests[1].Digest)
		require.NoError(t, err)
		config, err := img.ConfigFile()
		require.NoError(t, err)
		assert.Equal(t, "arm", config.Architecture)
		assert.Len(t, config.RootFS.DiffIDs, 2)
		assert.Equal(t, map[string]string{
			"vendor": "v", "name": "tomcat",
			"org.opencontainers.image.base.name":   ref,
			"org.opencontainers.image.base.digest": string(base),
		}, config.Config.Labels)
	}
	_, err := r.Publish(t.Context(), sandbox.Image{Repository: "x", Tag: "1", Base: "none:1"})
	require.ErrorContains(t, err, "publish x:1: base none:1: ")
	_, err = r.Publish(t.Context(), sandbox.Image{Repository: "x", Tag: "1", Base: "rhel:7.5", Platforms: []image.Platform{{OS: "windows", Architecture: "amd64"}}})
	require.ErrorContains(t, err, "the base is for")
	_, err = r.Publish(t.Context(), sandbox.Image{Repository: "X", Tag: "1"})
	require.Error(t, err)
}

func TestPublishLeavesAnUnchangedPlatformAlone(t *testing.T) {
	r := start(t)
	platform := func(platforms ...image.Platform) v1.Hash {
		publish(t, r, sandbox.Image{Repository: "a", Tag: "1", Platforms: platforms, Layer: "x", Attestation: true})
		index, err := get(t, r, "a:1").ImageIndex()
		require.NoError(t, err)
		manifest, err := index.IndexManifest()
		require.NoError(t, err)
		return manifest.Manifests[0].Digest
	}
	assert.Equal(t, platform(amd64), platform(amd64, arm))
}

func TestRequestsCountsOthersOnly(t *testing.T) {
	r := start(t)
	publish(t, r, sandbox.Image{Repository: "a/b", Tag: "1"})
	assert.Empty(t, r.Requests())
	response, err := http.Head("http://" + r.Host() + "/v2/a/b/manifests/1?x=y")
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, []string{"HEAD /v2/a/b/manifests/1?x=y"}, r.Requests())
}

func TestRegistryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, err := sandbox.StartRegistry(ctx)
	require.NoError(t, err)
	cancel()
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := r.Publish(t.Context(), sandbox.Image{Repository: "a", Tag: "1"})
		assert.Error(c, err)
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
	_, err = sandbox.StartRegistry(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
