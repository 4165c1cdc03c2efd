package retire_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retire"
)

// sights is a memory between runs.
type sights map[image.Reference]image.Digest

func (s sights) Sight(ref image.Reference) (image.Digest, bool) { d, ok := s[ref]; return d, ok }
func (s sights) PutSight(ref image.Reference, d image.Digest)   { s[ref] = d }

func TestRecord(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest", "edge")
	f := w.flow()
	f.Seen = sights{}
	refs := []image.Reference{app.Tagged("edge"), app.Tagged("absent"), app.Tagged("")}
	got, err := f.Record(t.Context(), refs)
	require.NoError(t, err)
	assert.Equal(t, []retire.Sighted{{Ref: refs[0], Digest: one, New: true}, {Ref: app, Digest: one, New: true}}, got)
	assert.Equal(t, []ledger.Sight{{Digest: one, At: now}}, w.memory(t).Sights["edge"])
	assert.Equal(t, 1, w.writes(), "one write for all tags of a repository: %v", w.requests)

	w.requests = nil
	got, err = f.Record(t.Context(), refs)
	require.NoError(t, err)
	assert.Equal(t, []retire.Sighted{{Ref: refs[0], Digest: one}, {Ref: app, Digest: one}}, got)
	assert.Equal(t, []string{"HEAD edge", "HEAD absent", "HEAD latest"}, w.requests, "what is remembered costs one request a tag")

	w.requests, f.Seen = nil, nil
	_, err = f.Record(t.Context(), refs)
	require.NoError(t, err)
	assert.Zero(t, w.writes(), w.requests)

	two := w.push("two", "latest")
	f.DryRun = true
	got, err = f.Record(t.Context(), refs)
	require.NoError(t, err)
	assert.Equal(t, []retire.Sighted{{Ref: refs[0], Digest: one}, {Ref: app, Digest: two, New: true}}, got)
	assert.Zero(t, w.writes(), w.requests)
}

func TestRecordCollectsFailures(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest", "edge")
	w.after = func(request string) error {
		if request == "HEAD edge" {
			return errors.New("broken")
		}
		return nil
	}
	got, err := w.flow().Record(t.Context(), []image.Reference{app.Tagged("edge"), app})
	require.EqualError(t, err, "record registry.test/acme/app:edge: broken")
	assert.Equal(t, []retire.Sighted{{Ref: app, Digest: one, New: true}}, got)

	w = newWorld()
	w.push("one", "latest")
	w.refuse[ledger.Tag] = image.ErrDenied
	got, err = w.flow().Record(t.Context(), []image.Reference{app})
	require.ErrorIs(t, err, image.ErrDenied)
	assert.Empty(t, got)
}
