package trash_test

import (
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/trash"
)

func TestBlobs(t *testing.T) {
	descriptor := func(mediaType string, digest image.Digest, more string) string {
		return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":7%s}`, mediaType, digest, more)
	}
	layer := func(n int) image.Digest { return image.FromBytes(fmt.Append(nil, n)) }
	const urls = `,"urls":["https://a.test/"]`
	body := `{"config":` + descriptor("c", digestA, "") + `,"layers":[` + strings.Join([]string{
		descriptor("l", layer(1), ""), descriptor("l", layer(1), ""),
		descriptor("l", layer(2), urls), descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", layer(3), ""),
		descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", layer(4), ""), descriptor("l", layer(4), ""),
		descriptor("l", digestC, `,"urls":[]`),
	}, ",") + `],"subject":` + descriptor("s", digestB, "") + `}`
	got, err := trash.Blobs([]byte(body))
	require.NoError(t, err)
	assert.Equal(t, []trash.Blob{
		{"c", digestA, 7, false}, {"l", layer(1), 7, false}, {"l", layer(2), 7, true},
		{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", layer(3), 7, true},
		{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", layer(4), 7, false}, {"l", digestC, 7, false},
	}, got)

	got, err = trash.Blobs([]byte(`{"manifests":[` + descriptor("m", digestA, "") + `]}`))
	require.NoError(t, err)
	assert.Empty(t, got)

	for _, bad := range []string{"", "{}", `{"config":{"digest":"x"}}`, `{"manifests":[],"layers":[{"digest":"` + digestA.String() + `","urls":1}]}`} {
		_, err = trash.Blobs([]byte(bad))
		require.ErrorIs(t, err, image.ErrUnsupported, bad)
	}
}

func TestMatches(t *testing.T) {
	content := []byte("content")
	long, longer := sha512.Sum384(content), sha512.Sum512(content)
	for _, digest := range []image.Digest{
		image.FromBytes(content), image.Digest("sha384:" + hex.EncodeToString(long[:])), image.Digest("sha512:" + hex.EncodeToString(longer[:])),
	} {
		assert.True(t, trash.Matches(digest, content), digest)
		assert.False(t, trash.Matches(digest, []byte("Content")), digest)
	}
	assert.False(t, trash.Matches("", content))
	assert.False(t, trash.Matches("md5:9a0364b9e99bb480dd25e1f0284c8555", content))
}

func TestSave(t *testing.T) {
	manifest := []byte(`{"config":{}}`)
	e := trash.Entry{Digest: image.FromBytes(manifest)}
	saved := trash.Save(manifest)
	assert.NotEqual(t, e.Digest, image.FromBytes(saved))
	assert.False(t, json.Valid(saved), "no manifest is like this")
	got, err := e.Open(saved)
	require.NoError(t, err)
	assert.Equal(t, manifest, got)
	for _, other := range [][]byte{nil, manifest, saved[1:], append(saved, ' ')} {
		_, err = e.Open(other)
		assert.ErrorIs(t, err, image.ErrMismatch, "%q", other)
	}
}

func TestSplit(t *testing.T) {
	layers := func(n int) []byte {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"digest":%q}`, image.FromBytes(fmt.Append(nil, n, i))))
		}
		return []byte(`{"config":{"digest":"` + digestA.String() + `"},"layers":[` + strings.Join(all, ",") + `]}`)
	}
	manifests := map[image.Digest][]byte{}
	entry := func(n int) trash.Entry {
		body := layers(n)
		digest := image.FromBytes(body)
		manifests[digest] = body
		return trash.Entry{Digest: digest, MediaType: "m"}
	}
	kept := trash.Entry{Digest: digestA, MediaType: "m", Kept: true}
	long := trash.Entry{Digest: digestA, MediaType: "m", Kept: true, Reason: strings.Repeat("x", 1<<20)}
	tests := map[string]struct {
		entries []trash.Entry
		want    []int // entries in each
	}{
		"none":           {nil, nil},
		"one":            {[]trash.Entry{entry(1)}, []int{1}},
		"just fits":      {[]trash.Entry{entry(1998), entry(1997), entry(1)}, []int{2, 1}},
		"too much alone": {[]trash.Entry{entry(5000), entry(5001), entry(1)}, []int{1, 1, 1}},
		"tags alone":     {[]trash.Entry{entry(3998), kept, kept, entry(1)}, []int{3, 1}},
		"long texts":     {[]trash.Entry{long, kept, long, long}, []int{2, 1, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			runs, err := trash.Split(tt.entries, manifests)
			require.NoError(t, err)
			var sizes []int
			var all []trash.Entry
			for _, run := range runs {
				sizes = append(sizes, len(run))
				all = append(all, run...)
			}
			assert.Equal(t, tt.want, sizes)
			assert.Equal(t, tt.entries, all, "in their order")
		})
	}
	_, err := trash.Split([]trash.Entry{{Digest: digestB}}, manifests)
	require.ErrorIs(t, err, image.ErrUnsupported)
	assert.ErrorContains(t, err, "manifest "+digestB.String())
}
