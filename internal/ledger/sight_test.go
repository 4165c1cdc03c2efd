package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// sight is a digest at a number of seconds after noon.
type sight struct {
	digest image.Digest
	second int
}

func see(l ledger.Ledger, all ...sight) ledger.Ledger {
	for _, s := range all {
		l = l.See("latest", s.digest, noon.Add(time.Duration(s.second)*time.Second))
	}
	return l
}

func sights(l ledger.Ledger) []sight {
	var all []sight
	for _, s := range l.Sights["latest"] {
		all = append(all, sight{s.Digest, int(s.At.Sub(noon) / time.Second)})
	}
	return all
}

func TestSee(t *testing.T) {
	tests := map[string]struct {
		seen, want []sight
	}{
		"one":                         {[]sight{{digestA, 0}}, []sight{{digestA, 0}}},
		"the same again":              {[]sight{{digestA, 0}, {digestA, 5}}, []sight{{digestA, 0}}},
		"another":                     {[]sight{{digestA, 0}, {digestB, 5}, {digestA, 9}}, []sight{{digestA, 0}, {digestB, 5}, {digestA, 9}}},
		"a slow writer":               {[]sight{{digestB, 5}, {digestA, 0}}, []sight{{digestA, 0}, {digestB, 5}}},
		"a slow writer, twice":        {[]sight{{digestB, 5}, {digestA, 0}, {digestA, 3}}, []sight{{digestA, 0}, {digestB, 5}}},
		"seen earlier":                {[]sight{{digestB, 5}, {digestB, 1}, {digestB, 1}}, []sight{{digestB, 1}, {digestB, 5}}},
		"equal times":                 {[]sight{{digestB, 0}, {digestA, 0}}, []sight{{digestB, 0}, {digestA, 1}}},
		"equal times, again":          {[]sight{{digestB, 0}, {digestA, 0}, {digestA, 0}, {digestB, 0}}, []sight{{digestB, 0}, {digestA, 1}}},
		"equal times, the next taken": {[]sight{{digestB, 0}, {digestC, 1}, {digestA, 0}}, []sight{{digestB, 0}, {digestC, 1}, {digestA, 2}}},
		"a clock an hour ahead":       {[]sight{{digestA, 3600}, {digestB, 10}, {digestB, 20}, {digestB, 3610}}, []sight{{digestB, 10}, {digestA, 3600}, {digestB, 3610}}},
		"a clock an hour behind":      {[]sight{{digestA, 0}, {digestB, -3590}, {digestB, 20}}, []sight{{digestB, -3590}, {digestA, 0}, {digestB, 20}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := see(ledger.Ledger{}, tt.seen...)
			assert.Equal(t, tt.want, sights(l))
			again, err := ledger.Encode(l)
			require.NoError(t, err)
			decoded, err := ledger.Decode(again)
			require.NoError(t, err)
			assert.Equal(t, l, decoded)
		})
	}
}

func TestSeeChangesACopy(t *testing.T) {
	one := see(ledger.Ledger{}, sight{digestB, 5})
	_ = see(one, sight{digestA, 0}, sight{digestC, 9})
	_ = one.See("stable", digestA, noon)
	assert.Equal(t, []sight{{digestB, 5}}, sights(one))
	assert.Len(t, one.Sights, 1)
}

func TestSeeForgetsTheOldest(t *testing.T) {
	var l ledger.Ledger
	for i := range ledger.MaxSights + 5 {
		l = see(l, sight{image.FromBytes(fmt.Append(nil, i)), i})
	}
	require.Len(t, l.Sights["latest"], ledger.MaxSights)
	assert.Equal(t, noon.Add(5*time.Second), l.Sights["latest"][0].At)
	assert.Equal(t, l, see(l, sight{digestA, 0}), "older than all that are remembered")
}

func TestBefore(t *testing.T) {
	l := see(ledger.Ledger{}, sight{digestA, 10}, sight{digestB, 20})
	tests := map[string]struct {
		second int
		want   image.Digest // empty for none
	}{
		"before all":            {5, ""},
		"in the first's second": {10, ""},
		"between":               {11, digestA},
		"in the last's second":  {20, digestA},
		"after":                 {21, digestB},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := l.Before("latest", noon.Add(time.Duration(tt.second)*time.Second+999*time.Millisecond))
			assert.Equal(t, tt.want != "", ok)
			assert.Equal(t, tt.want, got.Digest)
		})
	}
	_, ok := l.Before("stable", noon.Add(time.Hour))
	assert.False(t, ok)
}

// A clock that is ahead of the others hides nothing that they see, but for the
// moment between its time and the next look.
func TestBeforeWithAClockAhead(t *testing.T) {
	l := see(ledger.Ledger{}, sight{digestA, 0}, sight{digestB, 3600 * 24 * 365}, sight{digestC, 100})
	got, ok := l.Before("latest", noon.Add(200*time.Second))
	require.True(t, ok)
	assert.Equal(t, digestC, got.Digest)
}

// Where a digest never comes back, it makes no difference in which order the
// sights come in, and every look between two of them says what was there.
func TestBeforeDoesNotDependOnTheOrderOfWriters(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		var history []sight
		second := 0
		for i := range 1 + r.IntN(6) {
			for range 1 + r.IntN(3) {
				second += 2 + r.IntN(5)
				history = append(history, sight{image.FromBytes(fmt.Append(nil, i)), second})
			}
		}
		mixed := append([]sight{}, history...)
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		l := see(ledger.Ledger{}, mixed...)
		for i, h := range history {
			got, ok := l.Before("latest", noon.Add(time.Duration(h.second+1)*time.Second))
			require.True(t, ok, "seed %d", seed)
			require.Equal(t, h.digest, got.Digest, "seed %d, look %d", seed, i)
		}
	}
}
