package artifact_test

import (
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/trash"
)

const (
	configType = "application/vnd.oci.image.config.v1+json"
	layerType  = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// deletion is images that are to be deleted, and their bytes.
type deletion struct {
	journal   trash.Journal
	manifests map[image.Digest][]byte
}

func newDeletion() *deletion {
	return &deletion{trash.Journal{At: noon, Expires: noon.Add(7 * 24 * time.Hour)}, map[image.Digest][]byte{}}
}

// add deletes an image with these descriptors, the first its configuration.
func (d *deletion) add(descriptors ...string) image.Digest {
	body := fmt.Appendf(nil, `{"mediaType":%q,"config":%s,"layers":[%s]}`, image.MediaTypeOCIManifest, descriptors[0], strings.Join(descriptors[1:], ","))
	return d.addBytes(image.FromBytes(body), body)
}

func (d *deletion) addBytes(digest image.Digest, body []byte) image.Digest {
	d.manifests[digest] = body
	d.journal.Entries = append(d.journal.Entries, trash.Entry{Digest: digest, MediaType: image.MediaTypeOCIManifest, Size: int64(len(body)),
		Tags: []string{"v1"}, Reason: "retired 41 days ago", Records: []ledger.Record{record("v1", digest)}})
	return digest
}

// noted is the journal as it comes back.
func (d *deletion) noted() trash.Journal {
	j := d.journal
	j.Entries = slices.Clone(j.Entries)
	for i, e := range j.Entries {
		if !e.Kept {
			j.Entries[i].Saved = image.Digest(saved(d, e.Digest))
		}
	}
	return j
}

// saved returns the digest of the blob of a manifest.
func saved(d *deletion, digest image.Digest) string {
	return image.FromBytes(trash.Save(d.manifests[digest])).String()
}

func (d *deletion) write(t *testing.T, f *fake) (string, error) {
	t.Helper()
	return artifact.Store{Registry: f}.WriteTrash(t.Context(), app, d.journal, d.manifests)
}

func named(mediaType string, digest image.Digest) string {
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":1}`, mediaType, digest)
}

// layers returns the media types and digests of what an artifact keeps.
func layers(t *testing.T, f *fake, tag string) []string {
	t.Helper()
	content, err := image.ParseContent(f.manifests[f.tags[tag]])
	require.NoError(t, err)
	assert.Equal(t, trash.MediaType, content.ArtifactType)
	var all []string
	for _, d := range content.Layers {
		all = append(all, d.MediaType+" "+d.Digest.String())
	}
	return all
}

func TestWriteTrash(t *testing.T) {
	f, d := newFake(), newDeletion()
	config, one, two := f.blob("config"), f.blob("one"), f.blob("two")
	a := d.add(named(configType, config), named(layerType, one), named(layerType, one))
	b := d.add(named(configType, config), named(layerType, one), named(layerType, two))
	d.journal.Entries = append(d.journal.Entries, trash.Entry{Digest: digestA, MediaType: "x", Size: 5, Tags: []string{"v3"}, Kept: true})

	tag, err := d.write(t, f)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(tag, "basekeeper.trash-20260301T120000Z-"), tag)
	assert.Equal(t, []string{
		trash.SavedType + " " + saved(d, a), trash.SavedType + " " + saved(d, b),
		configType + " " + config.String(), layerType + " " + one.String(), layerType + " " + two.String(),
	}, layers(t, f, tag))
	assert.Len(t, f.requests, 2*2+2)

	s := artifact.Store{Registry: f}
	f.requests = nil
	j, err := s.ReadTrash(t.Context(), app, tag)
	require.NoError(t, err)
	assert.Equal(t, d.noted(), j)
	assert.Len(t, f.requests, 2)
	body, err := s.Saved(t.Context(), app, j.Entries[1])
	require.NoError(t, err)
	assert.Equal(t, d.manifests[b], body)
	_, err = s.Saved(t.Context(), app, j.Entries[2])
	require.ErrorContains(t, err, "only its tags were deleted")

	f.requests = nil
	before := f.copy()
	again, err := d.write(t, f)
	require.NoError(t, err)
	assert.Equal(t, tag, again)
	assert.Len(t, f.requests, 2+2, "what is there is not sent again")
	assert.Equal(t, before, f.copy())
}

func TestWriteTrashOfTagsAlone(t *testing.T) {
	f, d := newFake(), newDeletion()
	d.journal.Entries = []trash.Entry{{Digest: digestA, MediaType: "x", Tags: []string{"v3"}, Kept: true}}
	tag, err := d.write(t, f)
	require.NoError(t, err)
	assert.Len(t, layers(t, f, tag), 1, "registries want a layer")
	assert.Len(t, f.requests, 2)
}

func TestWriteTrashOfABrokenImage(t *testing.T) {
	f, d := newFake(), newDeletion()
	config, there := f.blob("config"), f.blob("there")
	broken := d.add(named(configType, config), named(layerType, there), named(layerType, digestB))
	d.add(named(configType, config), named(layerType, there))
	tag, err := d.write(t, f)
	require.NoError(t, err)
	for _, kept := range layers(t, f, tag) {
		assert.NotContains(t, kept, digestB)
	}
	j, err := artifact.Store{Registry: f}.ReadTrash(t.Context(), app, tag)
	require.NoError(t, err)
	assert.Equal(t, broken, j.Entries[0].Digest)
	assert.Equal(t, []image.Digest{digestB}, j.Entries[0].Missing)
	assert.Empty(t, j.Entries[1].Missing)

	again, err := d.write(t, f)
	require.NoError(t, err)
	assert.Equal(t, tag, again)
	d.journal = j
	again, err = d.write(t, f)
	require.NoError(t, err)
	assert.Equal(t, tag, again, "what the journal says about it already is found again")
}

// A foreign layer that the registry has all the same is kept, one that it has
// not is not missed.
func TestWriteTrashWithForeignLayers(t *testing.T) {
	f, d := newFake(), newDeletion()
	config, here := f.blob("config"), f.blob("here")
	const foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
	d.add(named(configType, config), named(foreign, here), named(foreign, digestB),
		`{"mediaType":"x/y","digest":"`+digestA.String()+`","size":1,"urls":["https://a.test/b"]}`)
	tag, err := d.write(t, f)
	require.NoError(t, err)
	kept := layers(t, f, tag)
	assert.Len(t, kept, 3)
	assert.Equal(t, "application/octet-stream "+here.String(), kept[2])
	j, err := artifact.Store{Registry: f}.ReadTrash(t.Context(), app, tag)
	require.NoError(t, err)
	assert.Empty(t, j.Entries[0].Missing)
}

func TestWriteTrashOfAnotherAlgorithm(t *testing.T) {
	f, d := newFake(), newDeletion()
	body := []byte(`{"config":` + named(configType, f.blob("config")) + `,"layers":[]}`)
	sum := sha512.Sum512(body)
	d.addBytes(image.Digest("sha512:"+hex.EncodeToString(sum[:])), body)
	tag, err := d.write(t, f)
	require.NoError(t, err)
	s := artifact.Store{Registry: f}
	j, err := s.ReadTrash(t.Context(), app, tag)
	require.NoError(t, err)
	got, err := s.Saved(t.Context(), app, j.Entries[0])
	require.NoError(t, err)
	assert.Equal(t, body, got)
}

func TestWriteTrashErrors(t *testing.T) {
	f := newFake()
	config := named(configType, f.blob("config"))
	tests := map[string]struct {
		change func(d *deletion)
		want   error
		text   string
	}{
		"no bytes":    {func(d *deletion) { clear(d.manifests) }, nil, "its content was not read"},
		"other bytes": {func(d *deletion) { d.manifests[d.journal.Entries[0].Digest] = []byte("{}") }, image.ErrMismatch, "manifest sha256:"},
		"no manifest": {func(d *deletion) { d.addBytes(image.FromBytes([]byte("{}")), []byte("{}")) }, image.ErrUnsupported, "manifest sha256:"},
		"nothing":     {func(d *deletion) { d.journal.Entries = nil }, nil, "there is no entry"},
		"no time":     {func(d *deletion) { d.journal.At = time.Time{} }, nil, "the times of deletion"},
		"too large": {func(d *deletion) {
			var many []string
			for i := range 25_000 {
				many = append(many, named(layerType, image.FromBytes(fmt.Append(nil, i))))
			}
			d.add(append([]string{config}, many...)...)
		}, nil, "the manifest has "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, d := f.copy(), newDeletion()
			d.add(config)
			tt.change(d)
			tag, err := d.write(t, f)
			require.ErrorContains(t, err, "write trash of registry.test/acme/app: ")
			require.ErrorContains(t, err, tt.text)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			}
			assert.Empty(t, tag)
			assert.Empty(t, f.tags)
		})
	}
}

var errUnsupported = errors.New("push to registry.test: it answers HTTP 415")

func TestWriteTrashRefused(t *testing.T) {
	tests := map[string]struct {
		err, want error
		requests  int
	}{
		"refused":  {fmt.Errorf("%w: HTTP 405", image.ErrRefused), image.ErrRefused, 2 + 2 + 1 + 2},
		"HTTP 415": {errUnsupported, image.ErrRefused, 2 + 2 + 1 + 2},
		"denied":   {image.ErrDenied, image.ErrDenied, 2 + 2},
		"mismatch": {image.ErrMismatch, image.ErrMismatch, 2 + 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, d := newFake(), newDeletion()
			d.add(named(configType, f.blob("config")))
			f.before = func(_ int, request string) error {
				if strings.HasPrefix(request, "put basekeeper") {
					return tt.err
				}
				return nil
			}
			_, err := d.write(t, f)
			require.ErrorIs(t, err, tt.err)
			require.ErrorIs(t, err, tt.want)
			assert.Equal(t, errors.Is(tt.want, image.ErrRefused), strings.Contains(err.Error(), "so nothing may be deleted"))
			assert.Len(t, f.requests, tt.requests)
		})
	}
}

// Whichever request is cut, before or after it was done, also where the image
// is broken: the next run makes the same artifact.
func TestWriteTrashAfterAnyFault(t *testing.T) {
	f, d := newFake(), newDeletion()
	config := named(configType, f.blob("config"))
	d.add(config, named(layerType, f.blob("one")))
	d.add(config, named(layerType, digestB))
	whole := f.copy()
	want, err := d.write(t, whole)
	require.NoError(t, err)
	total := len(whole.requests)
	require.Equal(t, 2*2+2+3+2, total)
	for n := range total {
		for _, done := range []bool{false, true} {
			f := f.copy()
			f.failAt(n, done)
			_, _ = d.write(t, f)
			f.before, f.after = nil, nil
			tag, err := d.write(t, f)
			require.NoError(t, err)
			assert.Equal(t, want, tag)
			assert.Equal(t, whole.manifests[whole.tags[want]], f.manifests[f.tags[want]])
		}
	}
}

func TestReadTrashErrors(t *testing.T) {
	f, d := newFake(), newDeletion()
	d.add(named(configType, f.blob("config")))
	tag, err := d.write(t, f)
	require.NoError(t, err)
	s := artifact.Store{Registry: f}

	_, err = s.ReadTrash(t.Context(), app, "basekeeper.trash-none")
	require.ErrorIs(t, err, image.ErrNotFound)
	require.ErrorContains(t, err, "read trash registry.test/acme/app:basekeeper.trash-none: ")

	const moved = "basekeeper.trash-20260301T120000Z-aaaaaaaaaaaa"
	f.tags[moved] = f.tags[tag]
	_, err = s.ReadTrash(t.Context(), app, moved)
	require.ErrorIs(t, err, ledger.ErrDamaged)
	require.ErrorContains(t, err, "its journal belongs to tag "+tag)

	f.tag("latest", string(d.manifests[d.journal.Entries[0].Digest]))
	_, err = s.ReadTrash(t.Context(), app, "latest")
	require.ErrorIs(t, err, ledger.ErrDamaged)

	content, err := image.ParseContent(f.manifests[f.tags[tag]])
	require.NoError(t, err)
	delete(f.blobs, content.Config.Digest)
	_, err = s.ReadTrash(t.Context(), app, tag)
	require.ErrorIs(t, err, ledger.ErrDamaged)
	require.NotErrorIs(t, err, image.ErrNotFound)
}

func TestSavedErrors(t *testing.T) {
	f := newFake()
	s := artifact.Store{Registry: f}
	_, err := s.Saved(t.Context(), app, trash.Entry{Digest: digestA, Saved: digestA})
	require.ErrorIs(t, err, image.ErrNotFound)
	f.blobs[digestA] = []byte("other")
	_, err = s.Saved(t.Context(), app, trash.Entry{Digest: digestA, Saved: digestA})
	require.ErrorIs(t, err, image.ErrMismatch)
	f.before = func(int, string) error { return errFault }
	_, err = s.Saved(t.Context(), app, trash.Entry{Digest: digestA, Saved: digestA})
	require.ErrorIs(t, err, errFault)
}

// What Split makes, fits.
func TestSplitFits(t *testing.T) {
	f, d := newFake(), newDeletion()
	config := named(configType, f.blob("config"))
	for i := range 90 {
		var all []string
		for k := range 99 {
			all = append(all, named(layerType, f.blob(fmt.Sprint(i, "-", k))))
		}
		d.add(append([]string{config}, all...)...)
	}
	runs, err := trash.Split(d.journal.Entries, d.manifests)
	require.NoError(t, err)
	require.Len(t, runs, 3)
	for _, run := range runs {
		part := *d
		part.journal.Entries = run
		tag, err := part.write(t, f)
		require.NoError(t, err)
		var m struct{ Layers []json.RawMessage }
		require.NoError(t, json.Unmarshal(f.manifests[f.tags[tag]], &m))
		assert.LessOrEqual(t, len(m.Layers), 4000)
	}
}
