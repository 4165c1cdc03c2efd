package retire_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retire"
)

// TestCutOffAnywhere ends a run at each of its requests, before the registry
// got it and before its answer came back, and runs again: the end is the same
// as without, and no number is used up.
func TestCutOffAnywhere(t *testing.T) {
	one := digestOf("one")
	runs := map[string]func(t *testing.T, f retire.Flow) error{
		"retire": func(t *testing.T, f retire.Flow) error {
			_, err := f.Retire(t.Context(), retire.Request{Ref: app})
			return err
		},
		"retire to a moving name": func(t *testing.T, f retire.Flow) error {
			_, err := f.Retire(t.Context(), retire.Request{Ref: app, Template: template(t, "oldest"), Moves: true})
			return err
		},
		"roll back": func(t *testing.T, f retire.Flow) error {
			_, err := f.Rollback(t.Context(), retire.Back{Ref: app, To: "before"})
			return err
		},
		"on merge": func(t *testing.T, f retire.Flow) error {
			_, err := f.OnMerge(t.Context(), retire.Merge{By: "acme/app#12", At: now.Add(-time.Minute), Images: []retire.Published{{Ref: app}}})
			return err
		},
	}
	set := func(t *testing.T) *world {
		w := newWorld()
		w.push("zero", "before", "oldest")
		w.push("one", "latest")
		w.remember(t, func(l ledger.Ledger) ledger.Ledger {
			return l.With(ledger.Record{Tag: "oldest", From: "latest", Digest: digestOf("zero"), At: now.Add(-time.Hour)}).
				See("latest", one, now.Add(-time.Hour))
		})
		return w
	}
	for name, run := range runs {
		t.Run(name, func(t *testing.T) {
			whole := set(t)
			require.NoError(t, run(t, whole.flow()))
			require.Greater(t, len(whole.requests), 5)
			for n := 1; n <= len(whole.requests); n++ {
				for _, carriedOut := range []bool{false, true} {
					at := fmt.Sprintf("request %d, %s, carried out: %t", n, whole.requests[n-1], carriedOut)
					w := set(t)
					cutOff(w, n, carriedOut)
					require.Error(t, run(t, w.flow()), at)
					require.Subset(t, digests(w.tags), []image.Digest{digestOf("zero"), one}, at)
					heal(w)
					require.NoError(t, run(t, w.flow()), at)
					require.Equal(t, whole.tags, w.tags, at)
					require.Equal(t, whole.memory(t).Numbers, w.memory(t).Numbers, at)
					require.Equal(t, whole.memory(t).Sights, w.memory(t).Sights, at)
					for _, r := range w.memory(t).Records {
						assert.Equal(t, w.tags[r.Tag], r.Digest, at)
					}
				}
			}
		})
	}
}

func digests(tags map[string]image.Digest) []image.Digest {
	var all []image.Digest
	for d := range maps.Values(tags) {
		all = append(all, d)
	}
	return all
}
