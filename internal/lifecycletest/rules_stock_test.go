package lifecycletest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// send asks the registry itself.
func (s *stock) send(method, place string, mediaType string, body []byte) (status int, header http.Header, content []byte) {
	s.t.Helper()
	if !strings.HasPrefix(place, "http://") {
		place = fmt.Sprintf("http://%s/v2/%s/%s", s.host.Addr, s.name, place)
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(s.t.Context()), method, place, bytes.NewReader(body))
	require.NoError(s.t, err)
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	req.Header["Accept"] = []string{
		image.MediaTypeOCIManifest, image.MediaTypeOCIIndex, image.MediaTypeDockerManifest, image.MediaTypeDockerList,
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, resp.Body.Close()) }()
	content, err = io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	return resp.StatusCode, resp.Header, content
}

func (s *stock) status(place string) int {
	s.t.Helper()
	status, _, _ := s.send(http.MethodHead, place, "", nil)
	return status
}

// at returns what a tag points at; empty where it is not there.
func (s *stock) at(tag string) image.Digest {
	s.t.Helper()
	status, header, _ := s.send(http.MethodHead, "manifests/"+tag, "", nil)
	if status == http.StatusNotFound {
		return ""
	}
	require.Equal(s.t, http.StatusOK, status, tag)
	return image.Digest(header.Get("Docker-Content-Digest"))
}

// tags returns all tags but basekeeper's own.
func (s *stock) tags() []string {
	s.t.Helper()
	return slices.DeleteFunc(s.list(), ledger.IsOwn)
}

// trash returns the tags of trash.
func (s *stock) trash() []string {
	s.t.Helper()
	return slices.DeleteFunc(s.list(), func(tag string) bool { return !strings.HasPrefix(tag, trash.TagPrefix) })
}

func (s *stock) list() []string {
	s.t.Helper()
	_, _, content := s.send(http.MethodGet, "tags/list?n=1000", "", nil)
	var list struct{ Tags []string }
	require.NoError(s.t, json.Unmarshal(content, &list), "%s", content)
	slices.Sort(list.Tags)
	return list.Tags
}

// blob puts a blob.
func (s *stock) blob(mediaType, text string) image.Descriptor {
	s.t.Helper()
	content := []byte(text)
	d := image.Descriptor{MediaType: mediaType, Digest: image.FromBytes(content), Size: int64(len(content))}
	status, header, _ := s.send(http.MethodPost, "blobs/uploads/", "", nil)
	require.Equal(s.t, http.StatusAccepted, status)
	place, err := url.Parse(header.Get("Location"))
	require.NoError(s.t, err)
	query := place.Query()
	query.Set("digest", d.Digest.String())
	place.RawQuery = query.Encode()
	status, _, answer := s.send(http.MethodPut, place.String(), "application/octet-stream", content)
	require.Equal(s.t, http.StatusCreated, status, "%s", answer)
	return d
}

// put puts a manifest, byte for byte, under its digest.
func (s *stock) put(mediaType string, body []byte) image.Descriptor {
	s.t.Helper()
	d := image.Descriptor{MediaType: mediaType, Digest: image.FromBytes(body), Size: int64(len(body))}
	s.stored[d.Digest] = stored{mediaType, body}
	s.tag(d.Digest.String(), d)
	return d
}

// tag points a tag at a manifest.
func (s *stock) tag(tag string, d image.Descriptor) {
	s.t.Helper()
	it := s.stored[d.Digest]
	status, _, answer := s.send(http.MethodPut, "manifests/"+tag, it.mediaType, it.body)
	require.Equal(s.t, http.StatusCreated, status, "%s", answer)
}

// object is JSON.
type object = map[string]any

func described(d image.Descriptor) object {
	return object{"mediaType": d.MediaType, "digest": d.Digest, "size": d.Size}
}

func (s *stock) encode(mediaType string, content object) image.Descriptor {
	s.t.Helper()
	content["schemaVersion"], content["mediaType"] = 2, mediaType
	body, err := json.Marshal(content)
	require.NoError(s.t, err)
	return s.put(mediaType, body)
}

// made puts an image with a layer that all have, and one of its own; for the
// same text it is the image that was put before.
func (s *stock) made(text string) image.Descriptor {
	s.t.Helper()
	if d, done := s.images[text]; done {
		return d
	}
	const layer = "application/vnd.oci.image.layer.v1.tar"
	if s.shared.Digest == "" {
		s.shared = s.blob(layer, "shared by all")
	}
	config := s.blob("application/vnd.oci.image.config.v1+json", fmt.Sprintf(`{"architecture":"amd64","os":"linux","author":%q,"created":"2020-01-01T00:00:00Z"}`, text))
	s.images[text] = s.encode(image.MediaTypeOCIManifest, object{
		"config": described(config), "layers": []object{described(s.shared), described(s.blob(layer, "of "+text))},
	})
	return s.images[text]
}

// index puts an index.
func (s *stock) index(children ...image.Descriptor) image.Descriptor {
	s.t.Helper()
	all := []object{}
	for i, d := range children {
		child := described(d)
		child["platform"] = object{"os": "linux", "architecture": fmt.Sprintf("cpu%d", i)}
		all = append(all, child)
	}
	return s.encode(image.MediaTypeOCIIndex, object{"manifests": all})
}

// refer puts manifests about another one, and the tag that lists them.
//
// Spec: OCI distribution-spec v1.1, "Referrers Tag Schema".
func (s *stock) refer(subject image.Descriptor, texts ...string) []image.Descriptor {
	s.t.Helper()
	var all []image.Descriptor
	listed := []object{}
	for _, text := range texts {
		d := s.encode(image.MediaTypeOCIManifest, object{
			"artifactType": "application/vnd.test.report", "config": described(s.blob("application/vnd.oci.empty.v1+json", "{}")),
			"layers": []object{described(s.blob("text/plain", text))}, "subject": described(subject),
		})
		all, listed = append(all, d), append(listed, described(d))
	}
	s.tag("sha256-"+subject.Digest.Encoded(), s.encode(image.MediaTypeOCIIndex, object{"manifests": listed}))
	return all
}

// sign puts companions as cosign does.
func (s *stock) sign(subject image.Descriptor, kinds ...string) []image.Descriptor {
	s.t.Helper()
	var all []image.Descriptor
	for _, kind := range kinds {
		d := s.made(kind + " of " + subject.Digest.String())
		s.tag("sha256-"+subject.Digest.Encoded()+"."+kind, d)
		all = append(all, d)
	}
	return all
}
