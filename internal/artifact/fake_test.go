package artifact_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

var (
	app  = image.Reference{Registry: "registry.test", Repository: "acme/app"}
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

	digestA = image.Digest("sha256:" + strings.Repeat("a", 64))
	digestB = image.Digest("sha256:" + strings.Repeat("b", 64))

	errIncomplete = fmt.Errorf("%w: push to registry.test: it answers HTTP 400 MANIFEST_BLOB_UNKNOWN", image.ErrIncomplete)
	errFault      = errors.New("the connection was cut")
)

// fake is a repository in memory, as strict about blobs as distribution.
type fake struct {
	mu        sync.Mutex
	blobs     map[image.Digest][]byte
	manifests map[image.Digest][]byte
	tags      map[string]image.Digest
	requests  []string // verb and what it was about

	imagesOnly bool // it knows the media types of images only

	// before, if any, is told about a request, whose number counts from 0, and
	// may fail it; after may do so when it has been done.
	before, after func(n int, request string) error
}

func newFake() *fake {
	return &fake{blobs: map[image.Digest][]byte{}, manifests: map[image.Digest][]byte{}, tags: map[string]image.Digest{}}
}

// do counts a request and does it.
func (f *fake) do(request string, work func() error) error {
	f.mu.Lock()
	n := len(f.requests)
	f.requests = append(f.requests, request)
	f.mu.Unlock()
	if f.before != nil {
		if err := f.before(n, request); err != nil {
			return err
		}
	}
	f.mu.Lock()
	err := work()
	f.mu.Unlock()
	if err == nil && f.after != nil {
		return f.after(n, request)
	}
	return err
}

func (f *fake) Fetch(_ context.Context, ref image.Reference) (body []byte, d image.Descriptor, err error) {
	err = f.do("fetch "+ref.Tag, func() error {
		digest, ok := f.tags[ref.Tag]
		if !ok || ref.Digest != "" {
			return image.ErrNotFound
		}
		body = f.manifests[digest]
		d = image.Descriptor{MediaType: image.MediaTypeOCIManifest, Digest: digest, Size: int64(len(body))}
		return nil
	})
	return body, d, err
}

func (f *fake) Resolve(_ context.Context, ref image.Reference) (d image.Descriptor, err error) {
	err = f.do("resolve "+ref.Tag, func() error {
		d.Digest = f.tags[ref.Tag]
		if d.Digest == "" {
			return image.ErrNotFound
		}
		return nil
	})
	return d, err
}

func (f *fake) Blob(_ context.Context, ref image.Reference) (content []byte, err error) {
	err = f.do("blob", func() error {
		var ok bool
		if content, ok = f.blobs[ref.Digest]; !ok {
			return image.ErrNotFound
		}
		return nil
	})
	return content, err
}

func (f *fake) HasBlob(_ context.Context, ref image.Reference) (has bool, err error) {
	err = f.do("has", func() error {
		_, has = f.blobs[ref.Digest]
		return nil
	})
	return has, err
}

func (f *fake) PutBlob(_ context.Context, ref image.Reference, content []byte) (image.Digest, error) {
	return image.FromBytes(content), f.do("put blob", func() error {
		if ref.Tag != "" || ref.Repository != app.Repository {
			return fmt.Errorf("put blob to %s", ref)
		}
		f.blobs[image.FromBytes(content)] = content
		return nil
	})
}

func (f *fake) PutManifest(_ context.Context, ref image.Reference, mediaType string, body []byte) (image.Digest, error) {
	digest := image.FromBytes(body)
	return digest, f.do("put "+ref.Tag, func() error {
		content, err := image.ParseContent(body)
		if err != nil || mediaType != content.MediaType {
			return fmt.Errorf("put manifest of %s: %w", mediaType, err)
		}
		if f.imagesOnly && (content.ArtifactType != "" || content.Config.MediaType != "application/vnd.oci.image.config.v1+json") {
			return fmt.Errorf("%w: HTTP 400 MANIFEST_INVALID", image.ErrMediaType)
		}
		for _, d := range content.Blobs() {
			if _, ok := f.blobs[d.Digest]; !ok {
				return errIncomplete
			}
		}
		f.manifests[digest], f.tags[ref.Tag] = body, digest
		return nil
	})
}

// copy returns the repository as it is, without its record of requests.
func (f *fake) copy() *fake {
	return &fake{blobs: maps.Clone(f.blobs), manifests: maps.Clone(f.manifests), tags: maps.Clone(f.tags)}
}

// writes returns how many of the requests write.
func (f *fake) writes() int {
	n := 0
	for _, r := range f.requests {
		if strings.HasPrefix(r, "put") {
			n++
		}
	}
	return n
}

// tag puts a manifest under a tag, whatever it names.
func (f *fake) tag(tag string, body string) {
	digest := image.FromBytes([]byte(body))
	f.manifests[digest], f.tags[tag] = []byte(body), digest
}

func (f *fake) blob(content string) image.Digest {
	digest := image.FromBytes([]byte(content))
	f.blobs[digest] = []byte(content)
	return digest
}

func record(tag string, digest image.Digest) ledger.Record {
	return ledger.Record{Tag: tag, From: "latest", Digest: digest, At: noon}
}

// adds is a change that adds a record.
func adds(tag string) func(ledger.Ledger) (ledger.Ledger, error) {
	return func(l ledger.Ledger) (ledger.Ledger, error) { return l.With(record(tag, digestA)), nil }
}

// failAt makes the nth request fail: before it is done, or after.
func (f *fake) failAt(n int, done bool) {
	fail := func(at int, _ string) error {
		if at == n {
			return errFault
		}
		return nil
	}
	if done {
		f.after = fail
	} else {
		f.before = fail
	}
}

func tags(t *testing.T, l ledger.Ledger) []string {
	t.Helper()
	var all []string
	for _, r := range l.Records {
		require.NoError(t, r.Validate())
		all = append(all, r.Tag)
	}
	return all
}
