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

// BenchmarkResolve resolves 200 tags on loopback with a new client each time.
func BenchmarkResolve(b *testing.B) {
	host := registrytest.StartMemory(b)
	refs := manyTags(b, host, benchTags)
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

// BenchmarkBareHead sends the same HEADs with net/http alone.
func BenchmarkBareHead(b *testing.B) {
	host := registrytest.StartMemory(b)
	refs := manyTags(b, host, benchTags)
	for b.Loop() {
		client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchConcurrency}}
		parallel(b, refs, func(r image.Reference) error {
			resp, err := client.Head("http://" + r.Registry + "/v2/" + r.Repository + "/manifests/" + r.Tag)
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
