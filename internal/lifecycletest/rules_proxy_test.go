package lifecycletest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between the program and a registry.
type proxy struct {
	addr  string
	place func(path string) string // of a tag that another API than OCI's is asked about; nil for none

	mu     sync.Mutex
	asked  []string
	meddle func(w http.ResponseWriter, r *http.Request) bool // answers in the registry's place; nil for never
	forge  func(*http.Response)                              // changes an answer; nil for none
}

// passing is the proxies' own: the program ends requests before they are
// answered, and a connection that this ends is then no test's.
var passing = http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one

func startProxy(t testing.TB, target string) *proxy {
	t.Helper()
	p := &proxy{}
	quiet := log.New(io.Discard, "", 0)
	pass := &httputil.ReverseProxy{
		Transport: passing, ErrorLog: quiet,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: target})
			r.Out.Host = r.In.Host // so that the places of uploads are here
		},
		ModifyResponse: func(r *http.Response) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.forge != nil {
				p.forge(r)
			}
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.answers(w, r) {
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	p.addr = strings.TrimPrefix(server.URL, "http://")
	return p
}

// answers notes a request, as OCI's API would have it; whoever meddles has all to himself meanwhile.
func (p *proxy) answers(w http.ResponseWriter, r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.place != nil {
		if place := p.place(r.URL.EscapedPath()); place != "" {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = place, ""
		}
	}
	p.asked = append(p.asked, r.Method+" "+r.URL.Path)
	return p.meddle != nil && p.meddle(w, r)
}

// forget lets everything pass and begins the notes anew.
func (p *proxy) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked, p.meddle, p.forge = nil, nil, nil
}

// meddling answers requests until forget.
func (p *proxy) meddling(f func(w http.ResponseWriter, r *http.Request) bool) {
	p.forget()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meddle = f
}

// forging changes answers until forget.
func (p *proxy) forging(f func(*http.Response)) {
	p.forget()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forge = f
}

// failing lets a request fail each time.
func (p *proxy) failing(request string) {
	p.meddling(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method+" "+r.URL.Path != request {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
}

// requests returns what was asked since the last forget, those with one of some
// methods.
func (p *proxy) requests(methods ...string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.asked), func(r string) bool {
		method, _, _ := strings.Cut(r, " ")
		return len(methods) > 0 && !slices.Contains(methods, method)
	})
}

// writes returns the requests that change something.
func (p *proxy) writes() []string {
	return p.requests(http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete)
}

// deletes returns the requests that delete, but for the question whether the
// registry can delete tags, about one that is not there.
func (p *proxy) deletes() []string {
	return slices.DeleteFunc(p.requests(http.MethodDelete), func(r string) bool { return strings.HasSuffix(r, "/manifests/basekeeper.probe") })
}

// quiet wants that a function deletes nothing.
func (p *proxy) quiet(t testing.TB, during func()) {
	t.Helper()
	p.forget()
	during()
	require.Empty(t, p.deletes())
}
