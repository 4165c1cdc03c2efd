package benchtest

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// traffic is what went to a registry that is a process of its own.
type traffic struct {
	pings     int   // GET /v2/
	pages     int   // of tags
	heads     int   // of manifests
	gets      int   // of manifests
	blobs     int   // HEAD or GET
	referrers int   // lists of them
	writes    int   // POST, PUT and PATCH
	deletes   int   //
	bytes     int64 // of the bodies of the answers
}

func (n traffic) total() int {
	return n.pings + n.pages + n.heads + n.gets + n.blobs + n.referrers + n.writes + n.deletes
}

// gate stands before a registry and counts what goes through.
type gate struct {
	mu sync.Mutex
	n  traffic
}

// through starts a gate before a registry and returns it with the host that is
// to be asked instead.
func through(t testing.TB, host registrytest.Host) (*gate, registrytest.Host) {
	t.Helper()
	to, err := url.Parse("http://" + host.Addr)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 32},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // the registry makes addresses from it
		},
	}
	g := &gate{}
	server := httptest.NewServer(g.count(proxy))
	t.Cleanup(server.Close)
	host.Addr = strings.TrimPrefix(server.URL, "http://")
	return g, host
}

func (g *gate) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sized := &sizedWriter{ResponseWriter: w}
		next.ServeHTTP(sized, r)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.n.bytes += sized.written
		*g.n.of(r)++
	})
}

// of returns the count that a request belongs to.
func (n *traffic) of(r *http.Request) *int {
	switch {
	case r.Method == http.MethodDelete:
		return &n.deletes
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return &n.writes
	case strings.HasSuffix(r.URL.Path, "/tags/list"):
		return &n.pages
	case strings.Contains(r.URL.Path, "/referrers/"):
		return &n.referrers
	case strings.Contains(r.URL.Path, "/blobs/"):
		return &n.blobs
	case !strings.Contains(r.URL.Path, "/manifests/"):
		return &n.pings
	case r.Method == http.MethodHead:
		return &n.heads
	}
	return &n.gets
}

// during returns what goes through while something is done.
func (g *gate) during(do func()) traffic {
	g.mu.Lock()
	g.n = traffic{}
	g.mu.Unlock()
	do()
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.n
}

func reportTraffic(b *testing.B, n traffic) {
	b.Helper()
	b.ReportMetric(float64(n.total()), "requests")
	for unit, count := range map[string]int{
		"tag-pages": n.pages, "HEADs": n.heads, "GETs": n.gets, "blob-reads": n.blobs,
		"referrers": n.referrers, "writes": n.writes, "DELETEs": n.deletes,
	} {
		b.ReportMetric(float64(count), unit)
	}
	b.ReportMetric(float64(n.bytes)/1024, "answered-KiB")
}
