package benchtest

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// maxMemory is what a run over all files may hold at its peak, in MiB.
const maxMemory = 64

// TestPeakMemory holds the real process to it. Only Linux tells the peak in
// units that are known.
func TestPeakMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		return
	}
	w := memory(t)
	program := build(t)
	cache := filepath.Join(t.TempDir(), "cache.json")
	for name, pins := range map[string]digests{"nothing moved": w.now, "all moved": w.before} {
		dir := newTree(t, w.host, files, pins).dir
		for _, args := range [][]string{{"scan"}, {"check", "--cache", cache}, {"bump", "--cache", cache}} {
			got := execute(t, dir, nil, append([]string{program}, args...)...)
			assert.Less(t, got.Peak, float64(maxMemory), "%s: %s", name, args)
		}
	}
}

// build returns the path of the program: what BASEKEEPER_PROGRAM names, or a
// build of our own.
func build(t testing.TB) string {
	t.Helper()
	if program := os.Getenv("BASEKEEPER_PROGRAM"); program != "" {
		return program
	}
	program := filepath.Join(t.TempDir(), "basekeeper")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/basekeeper").CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// BenchmarkProcess runs the program itself, start to end.
func BenchmarkProcess(b *testing.B) {
	w := memory(b)
	program := build(b)
	fresh, stale := newTree(b, w.host, files, w.now), newTree(b, w.host, files, w.before)
	many := newTree(b, w.host, 10*files, w.now)
	nothing := func() {}
	for _, command := range []struct {
		name   string
		dir    string
		before func()
		args   []string
	}{
		{"start", b.TempDir(), nothing, []string{"version"}},
		{"scan-1000", fresh.dir, nothing, []string{"scan"}},
		{"scan-10000", many.dir, nothing, []string{"scan"}},
		{"check-nothing-moved", fresh.dir, nothing, []string{"check"}},
		{"check-all-moved", stale.dir, nothing, []string{"check"}},
		{"bump-all-moved", stale.dir, func() { stale.write(b, w.before) }, []string{"bump"}},
	} {
		b.Run(command.name, func(b *testing.B) {
			var all []usage
			for b.Loop() {
				b.StopTimer()
				command.before()
				b.StartTimer()
				all = append(all, execute(b, command.dir, nil, append([]string{program}, command.args...)...))
			}
			reportUsage(b, all)
			if command.name == "start" {
				reportSize(b, program)
			}
		})
	}
}

// reportUsage replaces the time of the benchmark, which has the measuring in
// it, by what the processes took.
func reportUsage(b *testing.B, all []usage) {
	b.Helper()
	var wall, cpu, peak []float64
	for _, u := range all {
		wall = append(wall, u.Wall.Seconds()*1000)
		cpu = append(cpu, u.CPU.Seconds()*1000)
		peak = append(peak, u.Peak)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(wall), "wall-ms")
	b.ReportMetric(median(cpu), "cpu-ms")
	b.ReportMetric(median(peak), "peak-MiB")
}

func reportSize(b *testing.B, program string) {
	b.Helper()
	content, err := os.ReadFile(program)
	require.NoError(b, err)
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	require.NoError(b, err)
	_, err = w.Write(content)
	require.NoError(b, err)
	require.NoError(b, w.Close())
	b.ReportMetric(float64(len(content))/1e6, "binary-MB")
	b.ReportMetric(float64(packed.Len())/1e6, "gzip-MB")
}
