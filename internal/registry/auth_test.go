package registry_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	memory "github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// canary is the secret in these tests; it must not come out anywhere.
const canary = "canary-5eaf00d"

// bearer makes a registry ask for tokens of realm, which are valid as long as
// they are the newest that was issued.
type bearer struct {
	realm string // of the challenge; empty for this server's own /token

	mu     sync.Mutex
	issued map[string]int // by scope
	valid  string
	bodies []string // answers of the token service, given before any token
}

func (b *bearer) wrap(inner http.Handler) http.Handler {
	b.issued = map[string]int{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.UserAgent() != "basekeeper": // a push by the test
			inner.ServeHTTP(w, r)
		case r.URL.Path == "/token":
			b.issue(w, r)
		case r.Header.Get("Authorization") == "Bearer "+b.current() && b.current() != "":
			inner.ServeHTTP(w, r)
		default:
			realm := b.realm
			if realm == "" {
				realm = "http://" + r.Host + "/token"
			}
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="test"`, realm))
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
}

func (b *bearer) issue(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.bodies) > 0 {
		_, _ = w.Write([]byte(b.bodies[0]))
		b.bodies = b.bodies[1:]
		return
	}
	if _, password, _ := r.BasicAuth(); password != canary && r.FormValue("refresh_token") != canary {
		// A hostile service sends back what it was given.
		http.Error(w, r.Header.Get("Authorization")+canary, http.StatusUnauthorized)
		return
	}
	b.issued[r.FormValue("scope")]++
	b.valid = fmt.Sprintf("%s-token", canary)
	_ = json.NewEncoder(w).Encode(map[string]string{"token": b.valid})
}

func (b *bearer) current() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.valid
}

func (b *bearer) revoke() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.valid = ""
}

func (b *bearer) scopes() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	scopes := map[string]int{}
	for scope, n := range b.issued {
		scopes[scope] = n
	}
	return scopes
}

func withPassword(host registrytest.Host) registry.Options {
	return registry.Options{Hosts: map[string]registry.Host{host.Addr: {PlainHTTP: true, User: "u", Password: canary}}}
}

func TestOnePingAndOneTokenPerScope(t *testing.T) {
	var b bearer
	host := registrytest.StartMemory(t, b.wrap)
	var refs []image.Reference
	for _, repository := range []string{"a", "b"} {
		registrytest.Push(t, host, repository, "t0")
		for i := range 20 {
			registrytest.Tag(t, host, repository, "t0", fmt.Sprintf("t%d", i))
			refs = append(refs, ref(t, host, fmt.Sprintf("%s:t%d", repository, i)))
		}
	}
	c := newClient(t, withPassword(host))
	resolveAll(t, c, refs)
	assert.Equal(t, map[string]int{"repository:a:pull": 1, "repository:b:pull": 1}, b.scopes())
	assert.Equal(t, registry.Count{Head: 40, Ping: 1, Token: 2}, c.Requests()[host.Addr])

	b.revoke()
	resolveAll(t, c, refs[:20])
	assert.Equal(t, 2, b.scopes()["repository:a:pull"], "one new token, however many were refused")
}

func TestForeignTokenServiceIsRefused(t *testing.T) {
	b := bearer{}
	var sent requestLog
	foreign := httptest.NewServer(sent.wrap(http.HandlerFunc(b.issue)))
	t.Cleanup(foreign.Close)
	realm := strings.Replace(foreign.URL, "127.0.0.1", "localhost", 1)
	b.realm = realm + "/token?secret=" + canary
	host := registrytest.StartMemory(t, b.wrap)
	want := registrytest.Push(t, host, "app", "1")

	_, err := newClient(t, withPassword(host)).Resolve(t.Context(), ref(t, host, "app:1"))
	require.ErrorContains(t, err, "set token-service to that host in the configuration of "+host.Addr)
	require.ErrorContains(t, err, strings.TrimPrefix(realm, "http://"))
	assert.NotContains(t, err.Error(), canary)
	assert.Empty(t, sent.all(), "nothing was sent there")

	allowed := registry.Host{PlainHTTP: true, User: "u", Password: canary, TokenService: strings.TrimPrefix(realm, "http://")}
	c := newClient(t, registry.Options{Hosts: map[string]registry.Host{host.Addr: allowed}})
	got, err := c.Resolve(t.Context(), ref(t, host, "app:1"))
	require.NoError(t, err)
	assert.Equal(t, want, got)

	c = newClient(t, registry.Options{Getenv: env("CI_REGISTRY", host.Addr, "CI_SERVER_HOST", "localhost",
		"CI_REGISTRY_USER", "u", "CI_REGISTRY_PASSWORD", canary)})
	got, err = c.Resolve(t.Context(), ref(t, host, "app:1"))
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestTokenServiceMustNotRedirectElsewhere(t *testing.T) {
	var sent requestLog
	elsewhere := httptest.NewServer(sent.wrap(http.NotFoundHandler()))
	t.Cleanup(elsewhere.Close)
	b := bearer{}
	host := registrytest.StartMemory(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				http.Redirect(w, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1), http.StatusTemporaryRedirect)
				return
			}
			inner.ServeHTTP(w, r)
		})
	}, b.wrap)
	_, err := newClient(t, withPassword(host)).Resolve(t.Context(), ref(t, host, "app:1"))
	require.ErrorContains(t, err, "set token-service")
	assert.Empty(t, sent.all())
}

func TestAuthorizationDoesNotFollowRedirects(t *testing.T) {
	var sent requestLog
	elsewhere := registrytest.StartMemory(t, sent.wrap)
	want := registrytest.Push(t, elsewhere, "app", "1")
	for name, challenge := range map[string]func(http.Handler) http.Handler{
		"basic":  func(inner http.Handler) http.Handler { return inner },
		"bearer": (&bearer{}).wrap,
	} {
		t.Run(name, func(t *testing.T) {
			sent.reset()
			var here requestLog
			host := registrytest.StartMemory(t, here.wrap, challenge, func(inner http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.Contains(r.URL.Path, "/manifests/") {
						http.Redirect(w, r, "http://"+elsewhere.Addr+r.URL.Path, http.StatusTemporaryRedirect)
						return
					}
					inner.ServeHTTP(w, r)
				})
			})
			got, err := newClient(t, withPassword(host)).Resolve(t.Context(), ref(t, host, "app:1"))
			require.NoError(t, err)
			assert.Equal(t, want, got)
			require.Len(t, sent.all(), 1)
			assert.NotContains(t, sent.all()[0].Header, "Authorization")
			all := here.all()
			assert.NotEmpty(t, all[len(all)-1].Header.Get("Authorization"), "but the registry got it")
		})
	}
}

func TestSecretsStayOutOfErrors(t *testing.T) {
	wrong := func(host registrytest.Host) registry.Options {
		return registry.Options{Hosts: map[string]registry.Host{host.Addr: {PlainHTTP: true, User: "u", Password: "wrong-" + canary}}}
	}
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, canary, r.Header.Get("Authorization"))
	}
	malformed := func(w http.ResponseWriter, r *http.Request) {
		conn := hijack(w)
		_, _ = conn.Write([]byte(r.Header.Get("Authorization") + canary + "\r\n\r\n"))
		_ = conn.Close()
	}
	location := status(http.StatusFound, "Location", "http://"+canary+":"+canary+"@[bad/?q="+canary)
	loop := status(http.StatusFound, "Location", "/v2/app/manifests/1?q="+canary)
	tests := map[string]struct {
		wrap    func(http.Handler) http.Handler
		options func(registrytest.Host) registry.Options
	}{
		"token refused":   {(&bearer{}).wrap, wrong},
		"no token":        {(&bearer{bodies: []string{`{"tok":"` + canary + `"}`}}).wrap, withPassword},
		"token no JSON":   {(&bearer{bodies: []string{canary}}).wrap, withPassword},
		"realm userinfo":  {(&bearer{realm: "http://u:" + canary + "@127.0.0.1/"}).wrap, withPassword},
		"echo":            {scripted(echo), withPassword},
		"malformed":       {scripted(malformed), withPassword},
		"bad location":    {scripted(location), withPassword},
		"redirect loop":   {scripted(loop, loop, loop, loop, loop, loop, loop), withPassword},
		"mime":            {scripted(manifest("text/"+canary, "", "{}"), status(500)), withPassword},
		"digest no proof": {scripted(status(405), status(401)), withPassword},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			host := registrytest.StartMemory(t, tt.wrap)
			opts := tt.options(host)
			opts.Retries = -1
			_, err := newClient(t, opts).Resolve(t.Context(), ref(t, host, "app:1"))
			require.Error(t, err)
			t.Log(err)
			assert.NotContains(t, err.Error(), canary)
			assert.NotContains(t, err.Error(), base64.StdEncoding.EncodeToString([]byte("u:"+canary)))
		})
	}
}

func TestIdentityToken(t *testing.T) {
	var b bearer
	busy := true // the first time, so that the form is sent twice
	host := registrytest.StartMemory(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" && busy {
				busy = false
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			inner.ServeHTTP(w, r)
		})
	}, b.wrap)
	want := registrytest.Push(t, host, "app", "1")
	config := fmt.Sprintf(`{"auths":{%q:{"identitytoken":%q}}}`, host.Addr, canary)
	c := newClient(t, registry.Options{Getenv: env("DOCKER_AUTH_CONFIG", config)})
	got, err := c.Resolve(t.Context(), ref(t, host, "app:1"))
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, 2, c.Requests()[host.Addr].Token)
	assert.Equal(t, 1, c.Requests()[host.Addr].Retried)
}

func TestCA(t *testing.T) {
	server := httptest.NewUnstartedServer(memory.New(memory.Logger(log.New(io.Discard, "", 0))))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	host := registrytest.Host{Addr: server.Listener.Addr().String()}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})

	c := newClient(t, registry.Options{Hosts: map[string]registry.Host{host.Addr: {CA: ca}}})
	_, err := c.Resolve(t.Context(), ref(t, host, "app:1"))
	require.ErrorIs(t, err, image.ErrNotFound)
	_, err = newClient(t, registry.Options{}).Resolve(t.Context(), ref(t, host, "app:1"))
	require.ErrorContains(t, err, "set ca-file in the configuration")
}

func TestPlainHTTPNeedsLeave(t *testing.T) {
	c := newClient(t, registry.Options{Hosts: map[string]registry.Host{"10.255.255.1:5000": {User: "u", Password: canary}},
		Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			assert.Equal(t, "https", req.URL.Scheme)
			return nil, http.ErrSchemeMismatch
		})})
	// No network: the transport answers as a server without TLS makes it.
	_, err := c.Resolve(t.Context(), image.Reference{Registry: "10.255.255.1:5000", Repository: "app", Tag: "1"})
	require.ErrorContains(t, err, "set plain-http in the configuration")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
