package lifecycletest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/cli/clitest"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// shelf is a repository of a registry, seen and filled without the program's
// own client. What is pushed has the same digests in every repository.
type shelf struct {
	t    testing.TB
	host registrytest.Host
	name string
}

type manifest map[string]any

// ask sends a request and returns the answer, and once more its body.
func (s shelf) ask(method, path, contentType string, body []byte) (*answer, []byte) {
	s.t.Helper()
	url := path
	if strings.HasPrefix(path, "/") {
		url = "http://" + s.host.Addr + "/v2/" + s.name + path
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, url, bytes.NewReader(body))
	require.NoError(s.t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for _, accepted := range []string{image.MediaTypeOCIIndex, image.MediaTypeOCIManifest, "*/*"} {
		req.Header.Add("Accept", accepted)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	return &answer{status: resp.StatusCode, header: resp.Header, body: content, sent: len(content)}, content
}

func (s shelf) blob(content string) manifest {
	s.t.Helper()
	digest := image.FromBytes([]byte(content))
	if resp, _ := s.ask(http.MethodHead, "/blobs/"+digest.String(), "", nil); resp.status != http.StatusOK {
		resp, _ := s.ask(http.MethodPost, "/blobs/uploads/", "", nil)
		require.Equal(s.t, http.StatusAccepted, resp.status)
		resp, body := s.ask(http.MethodPut, resp.header.Get("Location")+"&digest="+digest.String(), "application/octet-stream", []byte(content))
		require.Equal(s.t, http.StatusCreated, resp.status, "%s", body)
	}
	return manifest{"mediaType": "application/octet-stream", "digest": digest, "size": len(content)}
}

// push puts a manifest under a tag, or under its digest where that is empty.
func (s shelf) push(tag string, m manifest) image.Digest {
	s.t.Helper()
	m["schemaVersion"] = 2
	body, err := json.MarshalIndent(m, "", "\t")
	require.NoError(s.t, err)
	digest := image.FromBytes(body)
	resp, answer := s.ask(http.MethodPut, "/manifests/"+cmp.Or(tag, digest.String()), m["mediaType"].(string), body)
	require.Equal(s.t, http.StatusCreated, resp.status, "%s", answer)
	return digest
}

// image pushes an image with a layer that all have and one of its own.
func (s shelf) image(tag, name string) image.Digest {
	s.t.Helper()
	return s.push(tag, manifest{
		"mediaType": image.MediaTypeOCIManifest, "config": s.blob(`{"architecture":"amd64","os":"linux","author":"` + name + `"}`),
		"layers": []manifest{s.blob("layer of all"), s.blob("layer of " + name)},
	})
}

func (s shelf) index(tag string, children ...image.Digest) image.Digest {
	s.t.Helper()
	all := []manifest{}
	for _, digest := range children {
		all = append(all, s.descriptor(digest))
	}
	return s.push(tag, manifest{"mediaType": image.MediaTypeOCIIndex, "manifests": all})
}

// referrer pushes what belongs to a manifest by its subject.
func (s shelf) referrer(tag, name string, subject image.Digest) {
	s.t.Helper()
	s.push(tag, manifest{
		"mediaType": image.MediaTypeOCIManifest, "artifactType": "application/x.sbom", "config": s.blob("{}"),
		"layers": []manifest{s.blob("sbom " + name)}, "subject": s.descriptor(subject),
	})
}

func (s shelf) descriptor(digest image.Digest) manifest {
	s.t.Helper()
	resp, body := s.ask(http.MethodGet, "/manifests/"+digest.String(), "", nil)
	require.Equal(s.t, http.StatusOK, resp.status)
	return manifest{"mediaType": resp.header.Get("Content-Type"), "digest": digest, "size": len(body)}
}

// tag points one more tag at a manifest.
func (s shelf) tag(digest image.Digest, tags ...string) {
	s.t.Helper()
	resp, body := s.ask(http.MethodGet, "/manifests/"+digest.String(), "", nil)
	require.Equal(s.t, http.StatusOK, resp.status)
	for _, tag := range tags {
		resp, _ := s.ask(http.MethodPut, "/manifests/"+tag, resp.header.Get("Content-Type"), body)
		require.Equal(s.t, http.StatusCreated, resp.status)
	}
}

// at is what a tag points at, empty for nothing.
func (s shelf) at(tag string) image.Digest {
	s.t.Helper()
	resp, body := s.ask(http.MethodGet, "/manifests/"+tag, "", nil)
	if resp.status == http.StatusNotFound {
		return ""
	}
	require.Equal(s.t, http.StatusOK, resp.status)
	return image.FromBytes(body)
}

// tags returns all tags that there are, with what they point at.
func (s shelf) tags() map[string]image.Digest {
	s.t.Helper()
	resp, body := s.ask(http.MethodGet, "/tags/list", "", nil)
	require.Equal(s.t, http.StatusOK, resp.status)
	require.Empty(s.t, resp.header.Get("Link"))
	var list struct{ Tags []string }
	require.NoError(s.t, json.Unmarshal(body, &list))
	all := map[string]image.Digest{}
	for _, tag := range list.Tags {
		if digest := s.at(tag); digest != "" {
			all[tag] = digest
		}
	}
	return all
}

// broken says what of a manifest is not there, down to the last layer; empty
// where it pulls whole. whole has what is known to be.
func (s shelf) broken(digest image.Digest, whole map[image.Digest]bool) string {
	s.t.Helper()
	if whole[digest] {
		return ""
	}
	resp, body := s.ask(http.MethodGet, "/manifests/"+digest.String(), "", nil)
	if resp.status != http.StatusOK || image.FromBytes(body) != digest {
		return fmt.Sprintf("manifest %s: HTTP %d", digest, resp.status)
	}
	content, err := image.ParseContent(body)
	require.NoError(s.t, err)
	for _, child := range content.Manifests {
		if wrong := s.broken(child.Digest, whole); wrong != "" {
			return wrong
		}
	}
	for _, b := range content.Blobs() {
		if whole[b.Digest] {
			continue
		}
		resp, body := s.ask(http.MethodGet, "/blobs/"+b.Digest.String(), "", nil)
		if resp.status != http.StatusOK || image.FromBytes(body) != b.Digest {
			return fmt.Sprintf("blob %s: HTTP %d", b.Digest, resp.status)
		}
		whole[b.Digest] = true
	}
	whole[digest] = true
	return ""
}

// pulls wants every tag that there is whole, and the named ones where they
// were; it returns what there is but for basekeeper's own.
func (s shelf) pulls(kept map[string]image.Digest, why ...any) map[string]image.Digest {
	s.t.Helper()
	tags, whole := s.tags(), map[image.Digest]bool{}
	for tag, digest := range tags {
		require.Empty(s.t, s.broken(digest, whole), "tag %s, %v", tag, why)
	}
	for tag, digest := range kept {
		require.Equal(s.t, digest, tags[tag], "tag %s, %v", tag, why)
	}
	maps.DeleteFunc(tags, func(tag string, _ image.Digest) bool { return ledger.IsOwn(tag) })
	return tags
}

// common returns what is the same in both.
func common(a, b map[string]image.Digest) map[string]image.Digest {
	both := map[string]image.Digest{}
	for tag, digest := range a {
		if b[tag] == digest {
			both[tag] = digest
		}
	}
	return both
}

func (s shelf) store() artifact.Store {
	s.t.Helper()
	client, err := registry.New(registry.Options{Sleep: clitest.NoWait})
	require.NoError(s.t, err)
	s.t.Cleanup(client.Close)
	return artifact.Store{Registry: client.With(registry.Push)}
}

func (s shelf) ref() image.Reference {
	return image.Reference{Registry: s.host.Addr, Repository: s.name}
}

func (s shelf) ledger() ledger.Ledger {
	s.t.Helper()
	l, err := s.store().ReadLedger(s.t.Context(), s.ref())
	require.NoError(s.t, err)
	return l
}

// retired writes records of tags that were retired from latest some days ago.
func (s shelf) retired(days map[string]int) {
	s.t.Helper()
	_, err := s.store().UpdateLedger(s.t.Context(), s.ref(), func(l ledger.Ledger) (ledger.Ledger, error) {
		for tag, n := range days {
			l = l.With(ledger.Record{Tag: tag, From: "latest", Digest: s.at(tag), At: chaosNow.Add(-time.Duration(n) * day), By: "acme/app#1"})
		}
		return l, nil
	})
	require.NoError(s.t, err)
}

// condition is all that can be compared of a repository: what differs from run
// to run, times and names of trash, is not in it.
type condition struct {
	Tags    map[string]image.Digest // but basekeeper's own
	Records []string
	Numbers map[string]int
	Trash   map[image.Digest][]string // what can be restored, and its tags
	Open    int                       // trash of runs that are not known to be complete
}

// condition looks at everything, and wants every tag whole.
func (s shelf) condition(why ...any) condition {
	s.t.Helper()
	c := condition{Tags: s.pulls(nil, why...), Trash: map[image.Digest][]string{}}
	l := s.ledger()
	c.Numbers = l.Numbers
	for _, r := range l.Records {
		by, _, _ := strings.Cut(r.By, " run ")
		c.Records = append(c.Records, fmt.Sprintf("%s from %q is %s by %q, replaced by %s", r.Tag, r.From, r.Digest, by, r.ReplacedBy))
	}
	for tag := range s.tags() {
		if !strings.HasPrefix(tag, trash.TagPrefix) {
			continue
		}
		j, err := s.store().ReadTrash(s.t.Context(), s.ref(), tag)
		require.NoError(s.t, err, why...)
		if !slices.Contains(l.Finished, tag) {
			c.Open++
		}
		for _, e := range j.Entries {
			all := slices.Concat(c.Trash[e.Digest], e.Tags)
			slices.Sort(all)
			c.Trash[e.Digest] = slices.Compact(all)
		}
	}
	return c
}
