package registrytest

import (
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Push makes a small random image, tags it and returns its descriptor.
func Push(t testing.TB, host Host, repository, tag string) image.Descriptor {
	t.Helper()
	img, err := random.Image(64, 1)
	require.NoError(t, err)
	require.NoError(t, remote.Write(reference(t, host, repository, tag), img, auth(host)))
	return descriptor(t, img)
}

// PushIndex makes an OCI index with one small random image for each platform
// (linux/amd64), tags it and returns its descriptor.
func PushIndex(t testing.TB, host Host, repository, tag string, platforms ...string) image.Descriptor {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range platforms {
		p, err := v1.ParsePlatform(platform)
		require.NoError(t, err)
		img, err := random.Image(64, 1)
		require.NoError(t, err)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: p}})
	}
	require.NoError(t, remote.WriteIndex(reference(t, host, repository, tag), index, auth(host)))
	return descriptor(t, index)
}

// Tag points another tag of the repository at what from points at.
func Tag(t testing.TB, host Host, repository, from, to string) {
	t.Helper()
	d, err := remote.Get(reference(t, host, repository, from), auth(host))
	require.NoError(t, err)
	require.NoError(t, remote.Tag(reference(t, host, repository, to), d, auth(host)))
}

func reference(t testing.TB, host Host, repository, tag string) name.Tag {
	t.Helper()
	ref, err := name.NewTag(host.Addr + "/" + repository + ":" + tag)
	require.NoError(t, err)
	return ref
}

func auth(host Host) remote.Option {
	if host.User == "" {
		return remote.WithAuth(authn.Anonymous)
	}
	return remote.WithAuth(&authn.Basic{Username: host.User, Password: host.Password})
}

func descriptor(t testing.TB, content partial.Describable) image.Descriptor {
	t.Helper()
	d, err := partial.Descriptor(content)
	require.NoError(t, err)
	return image.Descriptor{MediaType: string(d.MediaType), Digest: image.Digest(d.Digest.String()), Size: d.Size}
}
