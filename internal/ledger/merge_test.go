package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/ledger"
)

func TestMerge(t *testing.T) {
	early, late := record("v1"), record("v1")
	late.At = noon.Add(time.Second)
	other := record("v1")
	other.Digest = digestB
	tests := map[string]struct{ a, b, want ledger.Record }{
		"the later time":         {early, late, late},
		"the larger digest":      {early, other, other},
		"time before digest":     {late, other, late},
		"more is known than not": {early, ledger.Record{Tag: "v1", From: "latest", Digest: digestA, At: noon}, ledger.Record{Tag: "v1", From: "latest", Digest: digestA, At: noon}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := ledger.Ledger{}.With(tt.a), ledger.Ledger{}.With(tt.b)
			assert.Equal(t, []ledger.Record{tt.want}, ledger.Merge(a, b).Records)
			assert.Equal(t, []ledger.Record{tt.want}, ledger.Merge(b, a).Records)
		})
	}

	a := see(ledger.Ledger{}.UseNumber("v", 3).Finish("a", nil), sight{digestA, 0}, sight{digestB, 5})
	b := see(ledger.Ledger{}.UseNumber("v", 2).UseNumber("w", 1).Finish("b", nil), sight{digestB, 2}, sight{digestB, 5})
	all := ledger.Merge(a, b)
	assert.Equal(t, []sight{{digestA, 0}, {digestB, 2}, {digestB, 5}}, sights(all))
	assert.Equal(t, map[string]int{"v": 3, "w": 1}, all.Numbers)
	assert.Equal(t, []string{"a", "b"}, all.Finished)
	assert.Equal(t, ledger.Ledger{}, ledger.Merge(ledger.Ledger{}, ledger.Ledger{}))
}

func FuzzMerge(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed, seed+1, seed+2)
	}
	f.Fuzz(func(t *testing.T, x, y, z uint64) {
		a, b, c := random(x), random(y), random(z)
		ab := ledger.Merge(a, b)
		require.Equal(t, ab, ledger.Merge(b, a), "commutative")
		require.Equal(t, ledger.Merge(ab, c), ledger.Merge(a, ledger.Merge(b, c)), "associative")
		require.Equal(t, a, ledger.Merge(a, a), "idempotent")
		require.Equal(t, ab, ledger.Merge(ab, a), "absorbing")
		for _, r := range a.Records {
			merged, ok := ab.Record(r.Tag)
			require.True(t, ok)
			require.False(t, merged.At.Before(r.At), "a deletion comes no earlier")
		}
		_, err := ledger.Encode(ab)
		require.NoError(t, err)
	})
}
