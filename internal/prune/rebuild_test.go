package prune_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/prune"
)

var templates = []string{ledger.DefaultTemplate, "d{{.Date}}", "{{.Version}}"}

// TestRebuild: numbers come from the tags and from the trash, which knows what is
// past, and times begin.
func TestRebuild(t *testing.T) {
	m, d := family(t)
	m.image("d20260101", "dated")
	m.image("1.2.3", "somebody's")
	require.NoError(t, apply(t, m, plan(t, m, target())).Err) // v1 and v2 go
	_, err := m.flow().Restore(t.Context(), repository, prune.Selection{Tag: "v1"})
	require.NoError(t, err)

	m.now = now.Add(day)
	m.requests = nil
	got, err := m.flow().Rebuild(t.Context(), repository, templates)
	require.NoError(t, err)
	for _, request := range m.requests {
		assert.NotRegexp(t, "^(put|delete)", request)
	}
	assert.Equal(t, 1, got.Trash)
	assert.Empty(t, got.Lost)
	require.Len(t, m.ledger(t).Past, 2)
	want := ledger.Ledger{Finished: m.ledger(t).Finished, Past: m.ledger(t).Past}.
		With(ledger.Record{Tag: "v1", Digest: d["v1"], At: m.now, By: "found by ledger repair"}).
		With(ledger.Record{Tag: "v3", Digest: d["v3"], At: m.now, By: "found by ledger repair"}).
		With(ledger.Record{Tag: "d20260101", Digest: m.tags["d20260101"].digest, At: m.now, By: "found by ledger repair"}).
		UseNumber(ledger.DefaultTemplate, 3)
	assert.Equal(t, want, got.Ledger)
}

// TestRebuildOfNothing: all that was numbered is in the trash.
func TestRebuildOfNothing(t *testing.T) {
	m, _ := family(t)
	require.NoError(t, apply(t, m, plan(t, m, target())).Err)
	delete(m.tags, "v3")
	got, err := m.flow().Rebuild(t.Context(), repository, templates)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{ledger.DefaultTemplate: 2}, got.Ledger.Numbers)
	assert.Empty(t, got.Ledger.Records)
}

// TestRebuildDeletesNothing: what was restored without a tag is not deleted
// because the ledger no longer says that its trash was finished.
func TestRebuildDeletesNothing(t *testing.T) {
	m, d := family(t)
	out := apply(t, m, plan(t, m, target()))
	require.NoError(t, out.Err)
	_, err := m.flow().Restore(t.Context(), repository, prune.Selection{Digest: d["old arm"]})
	require.NoError(t, err)
	require.Contains(t, m.manifests, d["old arm"])
	got, err := m.flow().Rebuild(t.Context(), repository, templates)
	require.NoError(t, err)
	require.NoError(t, artifact.Store{Registry: m}.WriteLedger(t.Context(), repository, got.Ledger))
	m.now = now.Add(time.Hour)
	require.NoError(t, apply(t, m, plan(t, m, target())).Err)
	assert.Contains(t, m.manifests, d["old arm"])
}

func TestRebuildErrors(t *testing.T) {
	m, _ := family(t)
	_, err := m.flow().Rebuild(t.Context(), repository, []string{"{{.Nope}}"})
	require.ErrorContains(t, err, "template")

	require.NoError(t, apply(t, m, plan(t, m, target())).Err)
	m.push("basekeeper.trash-20260301T120000Z-0123456789ab", image.MediaTypeOCIManifest, object{"schemaVersion": 2, "config": m.blob("x"), "layers": []object{}})
	got, err := m.flow().Rebuild(t.Context(), repository, templates)
	require.NoError(t, err, "damaged trash is told of, and the rest is read")
	require.Len(t, got.Lost, 1)
	require.ErrorIs(t, got.Lost[0], ledger.ErrDamaged)
	assert.Equal(t, 3, got.Ledger.Numbers[ledger.DefaultTemplate])

	m.push("basekeeper.trash-20260301T120000Z-0123456789ac", image.MediaTypeOCIManifest, object{
		"schemaVersion": 2, "artifactType": "application/vnd.basekeeper.trash.v9+json", "config": m.blob("x"), "layers": []object{},
	})
	_, err = m.flow().Rebuild(t.Context(), repository, templates)
	assert.ErrorIs(t, err, ledger.ErrLater)
}
