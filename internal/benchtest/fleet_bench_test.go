package benchtest

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkFleet runs bump over an organisation, in a process of its own. The
// sandbox GitHub answers at once and shares the processors with it, and no
// limit of GitHub's is waited for, so that time is the program's own. With
// -short, which only shows that it runs, the organisation is not the large one.
func BenchmarkFleet(b *testing.B) {
	w, program := memory(b), hurried(b)
	sizes := []int{fleetSize, manyRepositories}
	if testing.Short() {
		sizes = sizes[:1]
	}
	for _, n := range sizes {
		f := newFleet(b, w, program, n, 0)
		f.bench(b, "cold", f.lose)
		f.bench(b, "warm", func() {})
	}
	f := newFleet(b, w, program, fleetSize, 0)
	f.bump(b, plain)
	next := 0
	behind := func(most int) func() {
		return func() {
			require.Less(b, next+most, fleetSize)
			for range most {
				f.fallBehind(b, next)
				next++
			}
		}
	}
	f.bench(b, "one-bump", behind(1))
	f.bench(b, "50-bumps", behind(50))
	f = newFleet(b, w, program, fleetSize, fleetSize)
	f.bump(b, plain)
	f.bench(b, "warm-a-pull-request-in-each", func() {})
	f.bench(b, "cache-lost-a-pull-request-in-each", f.lose)
}

// lose takes the cache away.
func (f *fleet) lose() { _ = os.Remove(f.cache) } // there may be none

func (f *fleet) bench(b *testing.B, name string, before func()) {
	b.Helper()
	b.Run(fmt.Sprintf("%d-%s", f.size, name), func(b *testing.B) {
		var all []usage
		var last spent
		for b.Loop() {
			b.StopTimer()
			before()
			b.StartTimer()
			last = f.bump(b, plain)
			all = append(all, last.usage)
		}
		b.ReportMetric(float64(last.reads), "GitHub-reads")
		b.ReportMetric(float64(last.writes), "GitHub-writes")
		b.ReportMetric(float64(last.points), "GraphQL-points")
		b.ReportMetric(float64(last.bytes)/1024, "GitHub-KiB")
		reportRequests(b, f.world)
		reportUsage(b, all)
	})
}
