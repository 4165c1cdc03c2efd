package benchtest

import (
	"net/http"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/image"
)

// concurrency is the program's own default.
const concurrency = 8

// BenchmarkCheck runs check over all files, in this process. Beside the time,
// "x-bare" is its ratio to nothing but the HEADs, sent in turn with it.
//
// The registry in memory answers within microseconds and shares the cores with
// the program; 20 ms is what a registry elsewhere takes at best.
func BenchmarkCheck(b *testing.B) {
	w := memory(b)
	b.Run("memory", func(b *testing.B) { benchCheck(b, w) })
	b.Run("20ms", func(b *testing.B) {
		w.slow(20 * time.Millisecond)
		defer w.slow(0)
		benchCheck(b, w)
	})
	b.Run("v3", func(b *testing.B) { benchCheck(b, distribution(b)) })
}

func benchCheck(b *testing.B, w *world) {
	b.Helper()
	b.Run("nothing-moved", func(b *testing.B) {
		dir := newTree(b, w.host, files, w.now).dir
		cache := filepath.Join(b.TempDir(), "cache.json")
		run(b, "check", "--cache", cache, dir)
		checks(b, w, true, func() { run(b, "check", "--cache", cache, dir) })
	})
	b.Run("all-moved-cold", func(b *testing.B) {
		dir := newTree(b, w.host, files, w.before).dir
		checks(b, w, false, func() { run(b, "check", "--cache", "none", dir) })
	})
	b.Run("all-moved-warm", func(b *testing.B) {
		dir := newTree(b, w.host, files, w.before).dir
		cache := filepath.Join(b.TempDir(), "cache.json")
		run(b, "check", "--cache", cache, dir)
		checks(b, w, false, func() { run(b, "check", "--cache", cache, dir) })
	})
}

// checks measures check, and the bare HEADs in turn with it.
func checks(b *testing.B, w *world, compare bool, check func()) {
	b.Helper()
	b.ReportAllocs()
	var ratios []float64
	for b.Loop() {
		if !compare {
			w.forget()
			check()
			continue
		}
		b.StopTimer()
		bare := timed(func() { heads(b, w) })
		w.forget()
		b.StartTimer()
		ratios = append(ratios, timed(check).Seconds()/bare.Seconds())
	}
	if compare {
		b.ReportMetric(median(ratios), "x-bare")
	}
	reportRequests(b, w)
}

func reportRequests(b *testing.B, w *world) {
	b.Helper()
	if got := w.asked(); got.total() > 0 {
		b.ReportMetric(float64(got.head), "HEADs")
		b.ReportMetric(float64(got.get), "GETs")
		b.ReportMetric(float64(got.other), "others")
		b.ReportMetric(float64(got.bytes)/1024, "answered-KiB")
	}
}

// heads sends only the HEADs, with net/http alone.
func heads(b *testing.B, w *world) {
	b.Helper()
	client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: concurrency}}
	defer client.CloseIdleConnections()
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i := range tags {
		group.Go(func() error {
			repository, tag := place(i)
			req, err := http.NewRequestWithContext(b.Context(), http.MethodHead, "http://"+w.host+"/v2/"+repository+"/manifests/"+tag, nil)
			if err != nil {
				return err
			}
			req.Header.Set("Accept", "application/vnd.oci.image.index.v1+json")
			resp, err := client.Do(req)
			if err != nil {
				return err
			}
			return resp.Body.Close()
		})
	}
	require.NoError(b, group.Wait())
}

// BenchmarkBump brings all 2,000 pins up to date, with what there is to know
// about their content in the cache.
func BenchmarkBump(b *testing.B) {
	w := memory(b)
	tr := newTree(b, w.host, files, w.before)
	cache := filepath.Join(b.TempDir(), "cache.json")
	run(b, "check", "--cache", cache, tr.dir)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		tr.write(b, w.before)
		w.forget()
		b.StartTimer()
		run(b, "bump", "--cache", cache, tr.dir)
	}
	require.Equal(b, files, tr.right(b, w.before, w.now))
	b.ReportMetric(2*files, "pins")
	reportRequests(b, w)
}

// BenchmarkScan finds the images in files on disk and asks nobody. The rate is
// per second of processor time, since a run uses more than one core and others
// may use the machine too.
func BenchmarkScan(b *testing.B) {
	for name, n := range map[string]int{"1000": 1000, "10000": 10000} {
		b.Run(name, func(b *testing.B) {
			dir := newTree(b, "registry.example.com", n, invented()).dir
			b.ReportAllocs()
			start := cpu(b)
			for b.Loop() {
				run(b, "scan", dir)
			}
			b.ReportMetric(float64(n*b.N)/(cpu(b)-start).Seconds(), "files/cpu-s")
		})
	}
}

// cpu returns the processor time that this process has taken.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var spent syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &spent))
	return time.Duration(spent.Utime.Nano() + spent.Stime.Nano())
}

// invented returns digests of nothing.
func invented() digests {
	var d digests
	for i := range d {
		d[i] = image.FromBytes([]byte{byte(i)})
	}
	return d
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
