package registrytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// GitLab is GitLab's container registry: its REST API about image repositories,
// its tokens, and a registry that asks for them, all at one address. What the
// REST API is asked is held against GitLab's own description. Every image
// repository belongs to the project that its first two parts name.
//
// Spec: GitLab, "Container registry API", "Container registry authentication".
type GitLab struct {
	URL         string // of the web API: http://127.0.0.1:PORT
	Addr        string // of the registry: 127.0.0.1:PORT
	User, Token string // User is a pipeline's where Token is a job token

	registry http.Handler

	mu       sync.Mutex
	numbers  map[string]int // by image repository
	issued   map[string]string
	protect  *regexp.Regexp
	freeze   *regexp.Regexp
	picky    bool // about media types
	promises int
	owed     []owed
	cleaned  map[int]bool
}

// owed is a tag that GitLab has promised to delete.
type owed struct {
	repository, tag string
	looks           int // how often it is still seen
}

// StartGitLab starts a GitLab before a registry that deletes single tags, as
// [StartV3] starts it. It takes the token of one user.
func StartGitLab(t testing.TB, behind Host) *GitLab {
	t.Helper()
	g := &GitLab{
		User: "keeper", Token: "glpat-registrytest0123",
		numbers: map[string]int{}, issued: map[string]string{}, cleaned: map[int]bool{},
	}
	own := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one; requests that are ended are nobody else's then
	g.registry = &httputil.ReverseProxy{Transport: own, ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: behind.Addr})
		r.Out.Host = r.In.Host // so that the places of uploads are here
		r.Out.Header.Del("Authorization")
	}}
	mux := http.NewServeMux()
	mux.Handle("/api/v4/", spectest.WrapGitLab(t, http.HandlerFunc(g.serveAPI)))
	mux.HandleFunc("/jwt/auth", g.serveToken)
	mux.HandleFunc("/v2/", g.serveRegistry)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	g.URL, g.Addr = server.URL, strings.TrimPrefix(server.URL, "http://")
	return g
}

// Protect lets a rule protect the tags that a pattern matches whole; empty for
// none. Who has the token may not delete them.
func (g *GitLab) Protect(pattern string) { g.rule(&g.protect, pattern) }

// Freeze makes the tags that a pattern matches whole immutable; empty for none.
func (g *GitLab) Freeze(pattern string) { g.rule(&g.freeze, pattern) }

func (g *GitLab) rule(to **regexp.Regexp, pattern string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*to = nil
	if pattern != "" {
		*to = regexp.MustCompile(`^(?:` + pattern + `)$`)
	}
}

// Promise lets deletes of tags be answered 202, and done when the registry was
// asked for the tag so many times more; 0 for at once.
func (g *GitLab) Promise(looks int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.promises = looks
}

// OnlyKnownTypes lets the registry take manifests of known types only, as one
// with a metadata database does: the artifact type, and that of the
// configuration. Of gitlab.com's list there is what the tests have.
func (g *GitLab) OnlyKnownTypes(only bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.picky = only
}

// Tag is where the OCI API has the tag that a path of the REST API is about, an
// escaped one; empty for a path that is about none.
func (g *GitLab) Tag(path string) string {
	m := tagPath.FindStringSubmatch(path)
	if m == nil {
		return ""
	}
	return "/v2/" + g.named(m[2]) + "/manifests/" + m[3]
}

var tagPath = regexp.MustCompile(`^/api/v4/projects/([^/]+)/registry/repositories/(\d+)/tags/([^/]+)$`)

// named returns the repository that has a number; empty for none.
func (g *GitLab) named(number string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, n := range g.numbers {
		if strconv.Itoa(n) == number {
			return name
		}
	}
	return ""
}

// serveRegistry is the registry's door.
func (g *GitLab) serveRegistry(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	scope, ok := g.issued[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	g.mu.Unlock()
	want := wanted(r)
	if !ok || !covers(scope, want) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/jwt/auth",service="container_registry",scope=%q`, r.Host, want))
		refuseOCI(w, http.StatusUnauthorized, "UNAUTHORIZED")
		return
	}
	g.settle(r)
	if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
		if !g.takes(r) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":"unknown media type"}]}`) // the client may be gone
			return
		}
		g.Know(repositoryOf(r.URL.Path))
	}
	g.registry.ServeHTTP(w, r)
}

var knownTypes = []string{
	"", "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json", "application/vnd.oci.empty.v1+json",
	"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip",
}

// takes reports whether the types of the manifest that is put are known.
func (g *GitLab) takes(r *http.Request) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.picky {
		return true
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var m struct {
		ArtifactType string
		Config       struct{ MediaType string }
		Layers       []struct{ MediaType string }
	}
	if err != nil || json.Unmarshal(body, &m) != nil {
		return false
	}
	all := []string{m.ArtifactType, m.Config.MediaType}
	for _, layer := range m.Layers {
		all = append(all, layer.MediaType)
	}
	return !slices.ContainsFunc(all, func(mediaType string) bool { return !slices.Contains(knownTypes, mediaType) })
}

// wanted is the scope that a request takes; empty for what takes none.
func wanted(r *http.Request) string {
	actions := "pull"
	switch r.Method {
	case http.MethodDelete:
		actions = "delete"
	case http.MethodPut, http.MethodPost, http.MethodPatch:
		actions = "pull,push"
	}
	if name := repositoryOf(r.URL.Path); name != "" {
		return "repository:" + name + ":" + actions
	}
	return ""
}

func covers(scope, want string) bool {
	i := strings.LastIndex(want, ":")
	if i < 0 {
		return true
	}
	for given := range strings.FieldsSeq(scope) {
		actions, ok := strings.CutPrefix(given, want[:i+1])
		if ok && !slices.ContainsFunc(strings.Split(want[i+1:], ","), func(a string) bool { return !slices.Contains(strings.Split(actions, ","), a) }) {
			return true
		}
	}
	return false
}

var repositoryPath = regexp.MustCompile(`^/v2/(.+)/(?:manifests|blobs|tags|referrers)/`)

func repositoryOf(path string) string {
	if m := repositoryPath.FindStringSubmatch(path); m != nil {
		return m[1]
	}
	return ""
}

// Know gives a repository a number, as a push to it does.
func (g *GitLab) Know(repository string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.numbers[repository]; !known {
		g.numbers[repository] = 100 + len(g.numbers)
	}
}

// serveToken exchanges the user's token for one of the registry's.
func (g *GitLab) serveToken(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != g.User || password != g.Token || r.URL.Query().Get("service") != "container_registry" {
		refuseOCI(w, http.StatusUnauthorized, "UNAUTHORIZED")
		return
	}
	g.mu.Lock()
	token := fmt.Sprintf("jwt-%d", len(g.issued))
	g.issued[token] = strings.Join(r.URL.Query()["scope"], " ")
	g.mu.Unlock()
	answerJSON(w, http.StatusOK, map[string]any{"token": token, "expires_in": 300, "issued_at": time.Now().UTC()})
}

func refuseOCI(w http.ResponseWriter, status int, code string) {
	answerJSON(w, status, map[string]any{"errors": []map[string]string{{"code": code}}})
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}
