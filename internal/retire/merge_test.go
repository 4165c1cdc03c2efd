package retire_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retire"
)

var mergedAt = now.Add(-time.Minute)

func merge(images ...retire.Published) retire.Merge {
	return retire.Merge{By: "acme/app#12", At: mergedAt, Commit: "c0ffee", Images: images}
}

func TestOnMergeRetiresWhatWasThereBefore(t *testing.T) {
	one, two := digestOf("one"), digestOf("two")
	tests := map[string]struct {
		saw    string        // recorded an hour before the merge
		latest string        // now
		says   image.Details // the image that is there now
		kept   image.Digest
		record ledger.Record
		note   string
	}{
		"not rebuilt yet":       {saw: "one", latest: "one", kept: one, record: ledger.Record{}},
		"rebuilt already":       {saw: "one", latest: "two", kept: one, record: ledger.Record{ReplacedBy: two}},
		"never recorded":        {latest: "one", kept: one, note: "no run had recorded what was published before the merge"},
		"new by its commit":     {latest: "two", says: image.Details{Revision: "c0ffee"}, note: "what it replaced is not kept; retire an image right before the next one is pushed"},
		"new by its date":       {latest: "two", says: image.Details{Created: mergedAt.Add(time.Second)}, note: "is not kept"},
		"older by its date":     {latest: "one", says: image.Details{Created: mergedAt.Add(-time.Hour), Revision: "beef"}, kept: one, note: "no run had recorded"},
		"not in a registry yet": {note: "not in the registry yet"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.push("one")
			if tt.saw != "" {
				w.remember(t, func(l ledger.Ledger) ledger.Ledger { return l.See("latest", digestOf(tt.saw), now.Add(-time.Hour)) })
			}
			if tt.latest != "" {
				w.details[w.push(tt.latest, "latest")] = tt.says
			}
			for run := range 2 {
				w.requests = nil
				got, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app}))
				require.NoError(t, err)
				require.Len(t, got, 1)
				assert.Equal(t, tt.kept, got[0].Digest)
				assert.Equal(t, tt.kept != "" && run == 0, got[0].Done)
				assert.Equal(t, tt.kept != "" && run == 1, got[0].Already)
				if run == 0 || tt.kept == "" {
					assert.Contains(t, got[0].Note, tt.note)
				}
				assert.True(t, run == 0 || w.writes() == 0, w.requests)
			}
			assert.Equal(t, tt.kept, w.tags["v1"])
			if tt.kept != "" {
				want := ledger.Record{Tag: "v1", From: "latest", Digest: tt.kept, At: now, By: "acme/app#12", ReplacedBy: tt.record.ReplacedBy}
				assert.Equal(t, []ledger.Record{want}, w.memory(t).Records)
			}
			if tt.latest != "" {
				seen := w.memory(t).Sights["latest"]
				assert.Equal(t, digestOf(tt.latest), seen[len(seen)-1].Digest)
			}
		})
	}
}

func TestOnMergeOnceMoreAfterThePush(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest")
	_, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app}))
	require.NoError(t, err)
	w.push("two", "latest")
	got, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app}))
	require.NoError(t, err)
	assert.Equal(t, []retire.Outcome{{Ref: app, Tag: "v1", Digest: one, Already: true}}, got)
	assert.Equal(t, map[string]image.Digest{"latest": digestOf("two"), "v1": one}, w.tags)
}

func TestOnMergeRenewsTheTimeOfWhatWasPublishedUntilThen(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest", "v1")
	old := now.AddDate(0, -2, 0) // a retirement before a push that failed
	w.remember(t, func(l ledger.Ledger) ledger.Ledger {
		return l.See("latest", one, old).With(ledger.Record{Tag: "v1", From: "latest", Digest: one, At: old})
	})
	w.details[w.push("two", "latest")] = image.Details{Revision: merge().Commit}
	for run := range 2 {
		w.requests = nil
		got, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app}))
		require.NoError(t, err)
		assert.Equal(t, "v1", got[0].Tag)
		assert.Equal(t, run == 0, got[0].Done)
		r, _ := w.memory(t).Record("v1")
		assert.Equal(t, now, r.At)
		assert.Equal(t, run == 0, w.writes() > 0, w.requests)
	}
}

// What was recorded last had been retired for an earlier merge: what came after
// it, which no run has seen, is what this merge replaces.
func TestOnMergeWhereNoRunSawTheLastImage(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest", "v1")
	old := now.AddDate(0, -2, 0)
	w.remember(t, func(l ledger.Ledger) ledger.Ledger {
		return l.See("latest", one, old).With(ledger.Record{Tag: "v1", From: "latest", Digest: one, At: old, By: "acme/app#1"})
	})
	two := w.push("two", "latest")
	got, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app}))
	require.NoError(t, err)
	assert.Equal(t, "v2", got[0].Tag)
	assert.Equal(t, map[string]image.Digest{"latest": two, "v1": one, "v2": two}, w.tags)
	r, _ := w.memory(t).Record("v1")
	assert.Equal(t, old, r.At)
}

// The image that this merge replaced was seen by no run, and the new one is there
// already: what an earlier merge replaced is not it, and its record stays.
func TestOnMergeWhereTheLastImageIsLost(t *testing.T) {
	w := newWorld()
	one := w.push("one", "v1")
	record := ledger.Record{Tag: "v1", From: "latest", Digest: one, At: now.AddDate(0, 0, -3), By: "acme/app#1"}
	w.remember(t, func(l ledger.Ledger) ledger.Ledger { return l.See("latest", one, record.At).With(record) })
	three := w.push("three", "latest")
	w.details[three] = image.Details{Revision: merge().Commit}
	for range 2 {
		got, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app}))
		require.NoError(t, err)
		require.Len(t, got, 1)
		assert.Empty(t, got[0].Tag)
		assert.Contains(t, got[0].Note, "what it replaced is not kept")
		assert.Equal(t, []ledger.Record{record}, w.memory(t).Records)
		assert.Equal(t, map[string]image.Digest{"latest": three, "v1": one}, w.tags)
	}
}

// Of two merges that are followed up late, each one's image is kept, if a run
// saw it between them.
func TestOnMergeOfTwoMerges(t *testing.T) {
	w := newWorld()
	one, two := w.push("one"), w.push("two")
	w.remember(t, func(l ledger.Ledger) ledger.Ledger {
		return l.See("latest", one, now.Add(-time.Hour)).See("latest", two, mergedAt.Add(-time.Second))
	})
	w.push("three", "latest")
	first := merge(retire.Published{Ref: app})
	first.By, first.At = "acme/app#11", mergedAt.Add(-time.Minute)
	for _, m := range []retire.Merge{first, merge(retire.Published{Ref: app}), first, merge(retire.Published{Ref: app})} {
		_, err := w.flow().OnMerge(t.Context(), m)
		require.NoError(t, err)
	}
	assert.Equal(t, map[string]image.Digest{"latest": digestOf("three"), "v1": one, "v2": two}, w.tags)
}

// A merge whose version was pruned is not followed up again: neither does the
// version come back, nor does what is published now get one.
func TestOnMergeAfterItsVersionWasPruned(t *testing.T) {
	for name, by := range map[string]string{"by the merge": "acme/app#12", "by a step": "acme/app run 5", "by another merge of one image": "acme/app#11"} {
		for _, collected := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				w := newWorld()
				one := w.push("one")
				w.remember(t, func(l ledger.Ledger) ledger.Ledger {
					l = l.See("latest", one, now.AddDate(0, 0, -9)).UseNumber(ledger.DefaultTemplate, 1)
					return l.With(ledger.Record{Tag: "v1", From: "latest", Digest: one, At: mergedAt.Add(time.Second), By: by}).Forget("v1")
				})
				if collected {
					delete(w.bodies, one)
				}
				two := w.push("two", "latest")
				for run := range 2 {
					w.requests = nil
					got, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app}))
					require.NoError(t, err)
					want := retire.Outcome{Ref: app, Already: true, Note: "what it replaced was retired as v1, and has been deleted since"}
					assert.Equal(t, []retire.Outcome{want}, got)
					assert.Equal(t, run == 1, w.writes() == 0, "it remembers what is published: %v", w.requests)
				}
				assert.Equal(t, map[string]image.Digest{"latest": two}, w.tags)
				assert.Empty(t, w.memory(t).Records)
			})
		}
	}
}

func TestOnMergeAfterItsVersionWasRestored(t *testing.T) {
	w := newWorld()
	one := w.push("one", "v1")
	record := ledger.Record{Tag: "v1", From: "latest", Digest: one, At: mergedAt.Add(time.Second), By: "acme/app run 5"}
	w.remember(t, func(l ledger.Ledger) ledger.Ledger {
		l = l.See("latest", one, now.AddDate(0, 0, -9)).With(record).Forget("v1")
		record.At = now
		return l.With(record)
	})
	w.push("two", "latest")
	got, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app}))
	require.NoError(t, err)
	assert.Equal(t, []retire.Outcome{{Ref: app, Tag: "v1", Digest: one, Already: true}}, got)
}

func TestOnMergeWhereAStepBeforeThePushHasDoneIt(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest")
	f := w.flow()
	f.Now = mergedAt.Add(30 * time.Second)
	_, err := f.Retire(t.Context(), retire.Request{Ref: app})
	require.NoError(t, err)
	w.push("two", "latest")
	w.requests = nil
	got, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app}))
	require.NoError(t, err)
	assert.Equal(t, []retire.Outcome{{Ref: app, Tag: "v1", Digest: one, Already: true}}, got)
	assert.NotContains(t, w.tags, "v2")
}

func TestOnMergeWhereWhatWasRecordedIsGone(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest")
	w.remember(t, func(l ledger.Ledger) ledger.Ledger { return l.See("latest", other, now.Add(-time.Hour)) })
	got, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app}))
	require.NoError(t, err)
	assert.Equal(t, one, got[0].Digest)
	assert.True(t, got[0].Done)
	assert.Equal(t, "what a run had recorded before the merge, "+other.String()+", is no longer in the registry; what is published now was retired", got[0].Note)
}

func TestOnMergeGoesOnAfterAFailure(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest", "edge")
	w.after = func(request string) error {
		if request == "HEAD edge" {
			return image.ErrDenied
		}
		return nil
	}
	got, err := w.flow().OnMerge(t.Context(), merge(retire.Published{Ref: app.Tagged("edge")}, retire.Published{Ref: app}))
	require.ErrorIs(t, err, image.ErrDenied)
	require.ErrorContains(t, err, "retire registry.test/acme/app:edge: look at tag edge: ")
	require.Len(t, got, 1)
	assert.Equal(t, one, got[0].Digest)
}

func TestOnMergeDryRunWritesNothing(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest")
	f := w.flow()
	f.DryRun = true
	got, err := f.OnMerge(t.Context(), merge(retire.Published{Ref: app}))
	require.NoError(t, err)
	assert.Equal(t, one, got[0].Digest)
	assert.Equal(t, "v1", got[0].Tag)
	assert.Zero(t, w.writes(), w.requests)
}
