package cli_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
)

// stage is a registry in memory and a proxy before it that can be made to
// fail. What is published goes past the proxy, so that its log has only what
// basekeeper asked.
type stage struct {
	registry *sandbox.Registry
	server   *httptest.Server
	host     string // of the proxy: 127.0.0.1:PORT

	redirect string // where the fault of this name leads; a closed port by default

	mu        sync.Mutex
	faults    []fault
	log       []string
	passwords []string
}

// fault answers in the registry's place where the path contains at.
type fault struct {
	kind string
	at   string
}

// newStage starts both; what it returns ends them.
func newStage(ctx context.Context) (*stage, func(), error) {
	registry, err := sandbox.StartRegistry(ctx)
	if err != nil {
		return nil, nil, err
	}
	s := &stage{registry: registry}
	back := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: registry.Host()})
	back.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	s.server = httptest.NewServer(s.faulty(back))
	s.host = strings.TrimPrefix(s.server.URL, "http://")
	return s, func() {
		s.server.Close()
		_ = registry.Close()
	}, nil
}

// publish pushes an image; none but the layer makes its digest.
func (s *stage) publish(ctx context.Context, ref, layer string, platforms ...string) (image.Digest, error) {
	repository, tag, ok := strings.Cut(ref, ":")
	if !ok {
		return "", fmt.Errorf("publish %s: want REPO:TAG", ref)
	}
	p := sandbox.Image{Repository: repository, Tag: tag, Layer: layer, Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, name := range platforms {
		if name == "attested" {
			p.Attestation = true
			continue
		}
		platform, err := image.ParsePlatform(name)
		if err != nil {
			return "", err
		}
		p.Platforms = append(p.Platforms, platform)
	}
	return s.registry.Publish(ctx, p)
}

// unpublish deletes REPO:TAG or REPO@DIGEST.
func (s *stage) unpublish(ctx context.Context, ref string) error {
	repository, name, ok := strings.Cut(ref, "@")
	if !ok {
		repository, name, _ = strings.Cut(ref, ":")
	}
	where := "http://" + s.registry.Host() + "/v2/" + repository + "/manifests/" + name
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, where, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("unpublish %s: %s", ref, resp.Status)
	}
	return nil
}

// fail makes requests whose path contains at fail; several may.
func (s *stage) fail(kind, at string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fault{kind, at})
}

func (s *stage) mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// asked returns how many manifests were asked for by the method since the last
// call of forget, and forget starts anew.
func (s *stage) asked(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, line := range s.log {
		if strings.HasPrefix(line, method+" ") && strings.Contains(line, "/manifests/") {
			n++
		}
	}
	return n
}

func (s *stage) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// sawCredentials reports whether a request had the password.
func (s *stage) sawCredentials(password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.passwords, password)
}

func (s *stage) note(r *http.Request) (kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, password, ok := r.BasicAuth(); ok {
		s.passwords = append(s.passwords, password)
	}
	s.log = append(s.log, r.Method+" "+r.URL.Path)
	for _, f := range s.faults {
		if strings.Contains(r.URL.Path, f.at) && (f.at == "/v2/" || r.URL.Path != "/v2/") {
			return f.kind
		}
	}
	return ""
}

func (s *stage) faulty(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch kind := s.note(r); kind {
		case "":
			inner.ServeHTTP(w, r)
		case "401":
			w.Header().Set("WWW-Authenticate", `Basic realm="stage"`)
			w.WriteHeader(http.StatusUnauthorized)
		case "403":
			w.WriteHeader(http.StatusForbidden)
		case "429":
			w.WriteHeader(http.StatusTooManyRequests)
		case "429-later":
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		case "500":
			w.WriteHeader(http.StatusInternalServerError)
		case "foreign-realm":
			w.Header().Set("WWW-Authenticate", `Bearer realm="https://tokens.example.net/token",service="stage"`)
			w.WriteHeader(http.StatusUnauthorized)
		case "redirect":
			http.Redirect(w, r, cmp.Or(s.redirect, "http://localhost:1")+r.URL.Path, http.StatusTemporaryRedirect)
		case "reset":
			cut(w, "")
		case "truncate":
			cut(w, "HTTP/1.1 200 OK\r\nContent-Type: "+image.MediaTypeOCIIndex+"\r\nContent-Length: 100\r\n\r\n{\"half")
		case "wrong-digest":
			s.lie(w, r)
		case "schema1":
			w.Header().Set("Content-Type", image.MediaTypeDockerSigned1)
			w.Header().Set("Docker-Content-Digest", string(image.FromBytes([]byte("{}"))))
			_, _ = w.Write([]byte("{}"))
		default:
			panic("no such fault: " + kind)
		}
	})
}

// lie answers with a body that its digest does not fit.
func (s *stage) lie(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", image.MediaTypeOCIIndex)
	if r.Method == http.MethodHead { // no digest, so that it is asked for again
		return
	}
	w.Header().Set("Docker-Content-Digest", string(image.FromBytes([]byte("something else"))))
	_, _ = w.Write([]byte(`{"schemaVersion":2,"manifests":[]}`))
}

// cut writes raw bytes and breaks the connection.
func cut(w http.ResponseWriter, raw string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = conn.Write([]byte(raw))
	if tcp, ok := conn.(*net.TCPConn); ok && raw == "" {
		err = errors.Join(err, tcp.SetLinger(0))
	}
	_ = errors.Join(err, conn.Close())
}
