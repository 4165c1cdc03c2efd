package registry_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

const benchTags, benchConcurrency = 200, 8

// BenchmarkResolve resolves 200 tags on loopback with a new client each time,
// next to the same HEADs with net/http alone. The registry in memory shows what
// the client costs, the real one what a user waits for.
func BenchmarkResolve(b *testing.B) {
	for name, start := range map[string]func(b *testing.B) registrytest.Host{
		"memory": func(b *testing.B) registrytest.Host { b.Helper(); return registrytest.StartMemory(b) },
		"v3":     func(b *testing.B) registrytest.Host { b.Helper(); return registrytest.StartV3(b) },
	} {
		b.Run(name, func(b *testing.B) {
			host := start(b)
			refs := manyTags(b, host, benchTags)
			b.Run("client", func(b *testing.B) { benchClient(b, host, refs) })
			b.Run("bare", func(b *testing.B) { benchBare(b, refs) })
		})
	}
}

func benchClient(b *testing.B, host registrytest.Host, refs []image.Reference) {
	b.Helper()
	requests := 0
	for b.Loop() {
		c := newClient(b, registry.Options{Concurrency: benchConcurrency})
		parallel(b, refs, func(r image.Reference) error {
			_, err := c.Resolve(b.Context(), r)
			return err
		})
		requests = c.Requests()[host.Addr].Total()
		c.Close()
	}
	b.ReportMetric(float64(requests), "requests/run")
	b.ReportMetric(benchTags, "tags/run")
}

func benchBare(b *testing.B, refs []image.Reference) {
	b.Helper()
	for b.Loop() {
		client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchConcurrency}}
		parallel(b, refs, func(r image.Reference) error {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodHead, "http://"+r.Registry+"/v2/"+r.Repository+"/manifests/"+r.Tag, nil)
			if err != nil {
				return err
			}
			req.Header.Set("Accept", image.MediaTypeDockerManifest)
			resp, err := client.Do(req)
			if err != nil {
				return err
			}
			return resp.Body.Close()
		})
		client.CloseIdleConnections()
	}
	b.ReportMetric(benchTags, "requests/run")
	b.ReportMetric(benchTags, "tags/run")
}

func parallel(b *testing.B, refs []image.Reference, do func(image.Reference) error) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(benchConcurrency)
	for _, r := range refs {
		group.Go(func() error { return do(r) })
	}
	require.NoError(b, group.Wait())
}
