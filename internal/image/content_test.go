package image_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
)

func TestParseContent(t *testing.T) {
	a, b, c := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64), "sha256:"+strings.Repeat("c", 64)
	manifest, err := image.ParseContent([]byte(`{"artifactType":"x/y","config":{"digest":"` + a + `"},"layers":[{"digest":"` + b + `","size":3}],"subject":{"digest":"` + c + `"}}`))
	require.NoError(t, err)
	assert.Equal(t, []image.Descriptor{{Digest: image.Digest(a)}, {Digest: image.Digest(b), Size: 3}}, manifest.Blobs())
	assert.Len(t, manifest.Descriptors(), 3)
	assert.Equal(t, "x/y", manifest.ArtifactType)

	index, err := image.ParseContent([]byte(`{"manifests":[{"digest":"` + a + `"}]}`))
	require.NoError(t, err)
	assert.Equal(t, image.Digest(a), index.Manifests[0].Digest)
	assert.Empty(t, index.Blobs())

	for name, body := range map[string]string{
		"not JSON": "x", "neither": "{}", "a list": "[]", "no digest": `{"config":{}}`,
		"a path": `{"config":{"digest":"../../x"}}`, "subject": `{"manifests":[],"subject":{"digest":"sha256:1"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := image.ParseContent([]byte(body))
			require.ErrorIs(t, err, image.ErrUnsupported)
		})
	}
}
