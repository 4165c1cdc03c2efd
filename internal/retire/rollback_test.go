package retire_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retire"
)

// released is a repository with two retired images, v1 and v2, and a third one
// under latest.
func released(t *testing.T) (w *world, two, three image.Digest) {
	t.Helper()
	w = newWorld()
	for i, name := range []string{"one", "two"} {
		w.push(name, "latest")
		f := w.flow()
		f.Now = now.Add(time.Duration(i-10) * time.Hour)
		_, err := f.Retire(t.Context(), retire.Request{Ref: app})
		require.NoError(t, err)
	}
	w.requests = nil
	return w, digestOf("two"), w.push("three", "latest")
}

func TestRollback(t *testing.T) {
	for name, to := range map[string]string{"the last one": "", "by tag": "v2"} {
		t.Run(name, func(t *testing.T) {
			w, two, three := released(t)
			got, err := w.flow().Rollback(t.Context(), retire.Back{Ref: app.Tagged(""), To: to, By: "rollback"})
			require.NoError(t, err)
			kept := retire.Outcome{Ref: app, Tag: "v3", Digest: three, Done: true}
			assert.Equal(t, retire.RolledBack{Ref: app, Tag: "v2", Digest: two, Left: three, Kept: &kept, Done: true}, got)
			assert.Equal(t, two, w.tags["latest"])
			assert.Equal(t, three, w.tags["v3"])
			l := w.memory(t)
			r, _ := l.Record("v3")
			assert.Equal(t, ledger.Record{Tag: "v3", From: "latest", Digest: three, At: now, By: "rollback", ReplacedBy: two}, r)
			seen := l.Sights["latest"]
			assert.Equal(t, two, seen[len(seen)-1].Digest)

			w.requests = nil
			got, err = w.flow().Rollback(t.Context(), retire.Back{Ref: app, To: "v2"})
			require.NoError(t, err)
			assert.True(t, got.Already)
			assert.Zero(t, w.writes(), w.requests)
		})
	}
}

func TestRollbackAndForthRenewsTheRecord(t *testing.T) {
	w, two, _ := released(t)
	_, err := w.flow().Rollback(t.Context(), retire.Back{Ref: app})
	require.NoError(t, err)
	f := w.flow()
	f.Now = now.Add(time.Hour)
	w.push("four", "latest")
	got, err := f.Retire(t.Context(), retire.Request{Ref: app, Digest: two})
	require.NoError(t, err)
	assert.Equal(t, "v2", got.Tag)
	r, _ := w.memory(t).Record("v2")
	assert.Equal(t, f.Now, r.At, "it was published until now, so its time begins anew")
}

func TestRollbackKeepsWhatAMovingNameLeaves(t *testing.T) {
	w := newWorld()
	oldest := template(t, "oldest")
	one := w.push("one", "latest")
	_, err := w.flow().Retire(t.Context(), retire.Request{Ref: app, Template: oldest, Moves: true})
	require.NoError(t, err)
	two := w.push("two", "latest")
	got, err := w.flow().Rollback(t.Context(), retire.Back{Ref: app, To: "oldest", Template: oldest, Moves: true})
	require.NoError(t, err)
	assert.True(t, got.Done)
	assert.Equal(t, map[string]image.Digest{"latest": one, "oldest": two, "v1": one}, w.tags)
}

func TestRollbackNotesAndRefusals(t *testing.T) {
	tests := map[string]struct {
		change func(t *testing.T, w *world)
		to     string
		note   string
		is     error
		err    string
	}{
		"a tag without a record": {
			change: func(_ *testing.T, w *world) { w.push("one", "stable") },
			to:     "stable", note: "no record of stable",
		},
		"retired from another tag": {
			change: func(t *testing.T, w *world) {
				w.remember(t, func(l ledger.Ledger) ledger.Ledger {
					return l.With(ledger.Record{Tag: "v1", From: "edge", Digest: digestOf("one"), At: now})
				})
			},
			to: "v1", note: "not retired from latest",
		},
		"not what was retired": {
			change: func(_ *testing.T, w *world) { w.push("somebody else's", "v1") },
			to:     "v1", is: image.ErrRefused, err: "tag v1 is " + other.String() + " now, but the ledger says that " + digestOf("one").String(),
		},
		"no such tag": {to: "v9", is: image.ErrNotFound, err: "read tag v9"},
		"ours":        {to: ledger.Tag, is: image.ErrRefused, err: "keeps for itself"},
		"nothing left": {
			change: func(_ *testing.T, w *world) { delete(w.tags, "v1"); delete(w.tags, "v2") },
			is:     image.ErrNotFound, err: "no image that was retired from latest is left",
		},
		"two at once": {
			change: func(t *testing.T, w *world) {
				w.remember(t, func(l ledger.Ledger) ledger.Ledger {
					r, _ := l.Record("v1")
					two, _ := l.Record("v2")
					r.At = two.At
					return l.With(r)
				})
			},
			is: image.ErrRefused, err: "say which with --to",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w, _, three := released(t)
			if tt.change != nil {
				tt.change(t, w)
			}
			got, err := w.flow().Rollback(t.Context(), retire.Back{Ref: app, To: tt.to})
			if tt.err == "" {
				require.NoError(t, err)
				assert.Contains(t, got.Note, tt.note)
				assert.Equal(t, digestOf("one"), w.tags["latest"])
				return
			}
			require.ErrorIs(t, err, tt.is)
			require.ErrorContains(t, err, "roll registry.test/acme/app:latest back: ")
			require.ErrorContains(t, err, tt.err)
			assert.Equal(t, three, w.tags["latest"])
			assert.Zero(t, w.writes(), w.requests)
		})
	}
}

func TestRollbackLeavesATagThatMovedMeanwhile(t *testing.T) {
	w, _, three := released(t)
	w.after = func(request string) error {
		if request == "PUT v3" {
			w.push("four", "latest")
		}
		return nil
	}
	_, err := w.flow().Rollback(t.Context(), retire.Back{Ref: app})
	require.ErrorIs(t, err, image.ErrRefused)
	require.ErrorContains(t, err, "latest moved from "+three.String()+" to "+digestOf("four").String()+" meanwhile")
	assert.Equal(t, digestOf("four"), w.tags["latest"])
	assert.Equal(t, three, w.tags["v3"])
}

func TestRollbackOfATagThatIsGone(t *testing.T) {
	w, two, _ := released(t)
	delete(w.tags, "latest")
	got, err := w.flow().Rollback(t.Context(), retire.Back{Ref: app})
	require.NoError(t, err)
	assert.Nil(t, got.Kept)
	assert.Equal(t, two, w.tags["latest"])
}

func TestRollbackDryRunWritesNothing(t *testing.T) {
	w, two, three := released(t)
	f := w.flow()
	f.DryRun = true
	got, err := f.Rollback(t.Context(), retire.Back{Ref: app})
	require.NoError(t, err)
	assert.Equal(t, retire.RolledBack{Ref: app, Tag: "v2", Digest: two, Left: three, Kept: &retire.Outcome{Ref: app, Tag: "v3", Digest: three}}, got)
	assert.Zero(t, w.writes(), w.requests)
}

// Once more without a name goes on with a rollback that was cut off, up to where
// the ledger knows of it: from then on it is another one.
func TestRollbackCutOffIsCompleted(t *testing.T) {
	whole, two, three := released(t)
	_, err := whole.flow().Rollback(t.Context(), retire.Back{Ref: app})
	require.NoError(t, err)
	for n := 1; n <= len(whole.requests); n++ {
		for _, carriedOut := range []bool{false, true} {
			w, _, _ := released(t)
			cutOff(w, n, carriedOut)
			_, err := w.flow().Rollback(t.Context(), retire.Back{Ref: app})
			require.Error(t, err)
			heal(w)
			sights := w.memory(t).Sights["latest"]
			known := sights[len(sights)-1].Digest == two && w.tags["latest"] == two && len(sights) > 2
			_, err = w.flow().Rollback(t.Context(), retire.Back{Ref: app})
			require.NoError(t, err)
			want := two
			if known {
				want = three
			}
			assert.Equal(t, want, w.tags["latest"], "request %d, %s, carried out: %t", n, whole.requests[n-1], carriedOut)
			assert.Equal(t, three, w.tags["v3"])
		}
	}
}

// cutOff makes the world fail at its nth request from now, before or after it
// was carried out, and at all that follow.
func cutOff(w *world, n int, carriedOut bool) {
	count := 0
	w.before = func(context.Context, string) error {
		count++
		if count > n || count == n && !carriedOut {
			return context.DeadlineExceeded
		}
		return nil
	}
	w.after = func(string) error {
		if count >= n {
			return context.DeadlineExceeded
		}
		return nil
	}
}

func heal(w *world) {
	w.before, w.after, w.requests = func(context.Context, string) error { return nil }, ever, nil
}
