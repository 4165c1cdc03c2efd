package lifecycletest

import (
	"net/http"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
)

// whole pulls all that a tag or digest is made of, by digest: manifests down to
// the last child, configurations, layers, and what belongs to any of them by a
// referrers or companion tag. Each must be what its digest says.
func (s *stock) whole(id string) map[string]string {
	s.t.Helper()
	all := map[string]string{}
	s.pull(id, s.list(), all)
	return all
}

func (s *stock) pull(id string, tags []string, all map[string]string) {
	s.t.Helper()
	status, header, body := s.send(http.MethodGet, "manifests/"+id, "", nil)
	require.Equal(s.t, http.StatusOK, status, "manifest %s: %s", id, body)
	digest := image.FromBytes(body)
	require.Equal(s.t, digest.String(), header.Get("Docker-Content-Digest"), id)
	if _, done := all[digest.String()]; done {
		return
	}
	all[digest.String()] = header.Get("Content-Type") + "\n" + string(body)
	content, err := image.ParseContent(body)
	require.NoError(s.t, err)
	for _, blob := range content.Blobs() {
		all["blob "+blob.Digest.String()] = s.content(blob.Digest)
	}
	for _, child := range content.Manifests {
		s.pull(child.Digest.String(), tags, all)
	}
	for _, kind := range []string{"", ".sig", ".att", ".sbom"} {
		if companion := "sha256-" + digest.Encoded() + kind; slices.Contains(tags, companion) {
			s.pull(companion, tags, all)
		}
	}
}

// content pulls a blob.
func (s *stock) content(digest image.Digest) string {
	s.t.Helper()
	status, _, content := s.send(http.MethodGet, "blobs/"+digest.String(), "", nil)
	require.Equal(s.t, http.StatusOK, status, "blob %s: %s", digest, content)
	require.Equal(s.t, digest, image.FromBytes(content))
	return string(content)
}
