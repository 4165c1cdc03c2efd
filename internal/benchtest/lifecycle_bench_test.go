package benchtest

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// BenchmarkPruneDecision decides about 2,000 tags of a distribution v3 registry,
// in this process, with nothing remembered and with what the decision before
// left in the cache. The gate that counts takes part of the time.
func BenchmarkPruneDecision(b *testing.B) {
	host := registrytest.StartV3(b)
	g, front := through(b, host)
	s := onDisk(b, host, front, manyVersions, oldVersions)
	dir, fresh := b.TempDir(), 0
	b.Run("cold", func(b *testing.B) {
		decide(b, g, s, func() string {
			fresh++
			return filepath.Join(dir, fmt.Sprint("cold", fresh, ".json"))
		})
	})
	b.Run("warm", func(b *testing.B) {
		cache := filepath.Join(dir, "warm.json")
		run(b, s.prune(cache)...)
		decide(b, g, s, func() string { return cache })
	})
}

func decide(b *testing.B, g *gate, s *shelf, cache func() string) {
	b.Helper()
	b.ReportAllocs()
	var last traffic
	for b.Loop() {
		var said string
		last = g.during(func() { said = run(b, s.prune(cache())...) })
		require.Equal(b, s.verdict(), lastLine(said))
	}
	reportTraffic(b, last)
}

// BenchmarkRetire retires what was just pushed to distribution v3 or 2.8, in a
// repository that has 200 versions already, and the same once more.
func BenchmarkRetire(b *testing.B) {
	for _, r := range []struct {
		name  string
		start func(testing.TB, ...registrytest.Option) registrytest.Host
	}{{"v3", registrytest.StartV3}, {"v2.8", registrytest.StartV2}} {
		b.Run(r.name, func(b *testing.B) {
			host := r.start(b)
			g, front := through(b, host)
			s := onDisk(b, host, front, fewVersions, fewOld)
			retire := []string{"retire", s.name, "--cache", "none"}
			b.Run("new", func(b *testing.B) {
				benchRetire(b, g, func() { registrytest.Push(b, host, onShelf, "latest") }, retire)
			})
			b.Run("done-before", func(b *testing.B) {
				run(b, retire...)
				benchRetire(b, g, func() {}, retire)
			})
		})
	}
}

func benchRetire(b *testing.B, g *gate, before func(), retire []string) {
	b.Helper()
	var last traffic
	for b.Loop() {
		b.StopTimer()
		before()
		b.StartTimer()
		last = g.during(func() { run(b, retire...) })
	}
	reportTraffic(b, last)
}
