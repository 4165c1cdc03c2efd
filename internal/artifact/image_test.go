package artifact_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/trash"
)

const imageConfig = "application/vnd.oci.image.config.v1+json"

// TestLedgerAmongImages: a registry that knows the types of images only gets
// the same ledger dressed as one.
func TestLedgerAmongImages(t *testing.T) {
	f := newFake()
	f.imagesOnly = true
	s := artifact.Store{Registry: f}
	l, err := s.UpdateLedger(t.Context(), app, adds("v1"))
	require.NoError(t, err)
	put := "put " + ledger.Tag
	assert.Equal(t, []string{"fetch " + ledger.Tag, "put blob", "resolve " + ledger.Tag, put, put, "resolve " + ledger.Tag}, f.requests)
	content, err := image.ParseContent(f.manifests[f.tags[ledger.Tag]])
	require.NoError(t, err)
	assert.Empty(t, content.ArtifactType)
	assert.Equal(t, map[string]string{"basekeeper.artifact-type": ledger.MediaType}, content.Annotations)
	assert.Equal(t, imageConfig, content.Config.MediaType)

	got, err := s.ReadLedger(t.Context(), app)
	require.NoError(t, err)
	assert.Equal(t, l, got)
	for _, only := range []bool{true, false} { // the registry learns the type, or forgets it again
		f.imagesOnly = only
		for _, want := range []ledger.Ledger{l, {}} {
			same, err := s.Holds(t.Context(), app, want)
			require.NoError(t, err)
			assert.Equal(t, len(want.Records) > 0, same)
		}
	}
	l, err = s.UpdateLedger(t.Context(), app, adds("v2"))
	require.NoError(t, err)
	assert.Equal(t, []string{"v1", "v2"}, tags(t, l))
}

func TestDressedErrors(t *testing.T) {
	const dressed = `{"config":{"mediaType":%q,"digest":"%s","size":1},"annotations":{"basekeeper.artifact-type":%q}}`
	f := newFake()
	content := f.blob("x")
	tests := map[string]struct {
		body string
		want error
		text string
	}{
		"an image of somebody's": {fmt.Sprintf(dressed, imageConfig, content, ""), ledger.ErrDamaged, `of type ""`},
		"another artifact":       {fmt.Sprintf(dressed, imageConfig, content, trash.MediaType), ledger.ErrDamaged, "the tag is on something else"},
		"a later one":            {fmt.Sprintf(dressed, imageConfig, content, "application/vnd.basekeeper.ledger.v2+json"), ledger.ErrLater, "ledger.v2"},
		"not dressed at all":     {fmt.Sprintf(dressed, ledger.MediaType, content, ledger.MediaType), ledger.ErrDamaged, "of another type"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := f.copy()
			f.tag(ledger.Tag, tt.body)
			_, err := artifact.Store{Registry: f}.ReadLedger(t.Context(), app)
			require.ErrorIs(t, err, tt.want)
			require.ErrorContains(t, err, tt.text)
		})
	}
}

func TestTrashAmongImages(t *testing.T) {
	f, d := newFake(), newDeletion()
	f.imagesOnly = true
	config, one := f.blob("config"), f.blob("one")
	a := d.add(named(configType, config), named(layerType, one))
	tag, err := d.write(t, f)
	require.NoError(t, err)
	content, err := image.ParseContent(f.manifests[f.tags[tag]])
	require.NoError(t, err)
	var kept []string
	for _, layer := range content.Layers {
		assert.Equal(t, "application/vnd.oci.image.layer.v1.tar", layer.MediaType)
		kept = append(kept, layer.Digest.String())
	}
	assert.Equal(t, []string{saved(d, a), config.String(), one.String()}, kept)

	s := artifact.Store{Registry: f}
	j, err := s.ReadTrash(t.Context(), app, tag)
	require.NoError(t, err)
	assert.Equal(t, d.noted(), j)
	body, err := s.Saved(t.Context(), app, j.Entries[0])
	require.NoError(t, err)
	assert.Equal(t, d.manifests[a], body)
}
