package registry_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// step answers one request for a manifest; nil lets it pass.
type step func(w http.ResponseWriter, r *http.Request)

// scripted takes a step for each request of our client for a manifest and lets
// pass what comes after the last.
func scripted(steps ...step) func(http.Handler) http.Handler {
	var mu sync.Mutex
	return func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var s step
			if strings.Contains(r.URL.Path, "/manifests/") && r.UserAgent() == "basekeeper" {
				mu.Lock()
				if len(steps) > 0 {
					s, steps = steps[0], steps[1:]
				}
				mu.Unlock()
			}
			if s == nil {
				inner.ServeHTTP(w, r)
				return
			}
			s(w, r)
		})
	}
}

// status answers with a status and headers, given as name and value in turn.
func status(code int, headers ...string) step {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
	}
}

// manifest answers with a body; without a digest the header is left out.
func manifest(mediaType, digest, body string) step {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		if digest != "" {
			w.Header().Set("Docker-Content-Digest", digest)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(body))
		}
	}
}

// reset cuts the connection before the answer.
func reset(w http.ResponseWriter, _ *http.Request) {
	conn := hijack(w)
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// truncate sends half an answer.
func truncate(w http.ResponseWriter, _ *http.Request) {
	conn := hijack(w)
	_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"half"))
	_ = conn.Close()
}

// stall sends half an answer and never the rest.
func stall(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte("{"))
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// hang never answers.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func hijack(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	return conn
}

// requestLog remembers what came.
type requestLog struct {
	mu       sync.Mutex
	requests []*http.Request
}

func (l *requestLog) wrap(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		l.requests = append(l.requests, r.Clone(r.Context()))
		l.mu.Unlock()
		inner.ServeHTTP(w, r)
	})
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = nil
}

// count counts requests with a method and, unless empty, exactly this path.
func (l *requestLog) count(method, path string) int {
	n := 0
	for _, r := range l.all() {
		if r.Method == method && (path == "" || r.URL.Path == path) {
			n++
		}
	}
	return n
}

func (l *requestLog) all() []*http.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*http.Request(nil), l.requests...)
}

// gauge remembers the most requests that were served at once.
type gauge struct {
	mu       sync.Mutex
	now, top int
}

func (g *gauge) wrap(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.add(1)
		defer g.add(-1)
		time.Sleep(2 * time.Millisecond) // long enough to meet another
		inner.ServeHTTP(w, r)
	})
}

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	g.top = max(g.top, g.now)
}

func (g *gauge) reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.top = g.now
}

func (g *gauge) highest() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.top
}

// env is an environment of names and values in turn.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}
