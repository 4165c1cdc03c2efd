package registry_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

func TestRealBlob(t *testing.T) {
	for name, start := range writables() {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			c := newClient(t, registry.Options{}).With(registry.Push)
			for _, content := range []string{"", "{}", strings.Repeat("x", 1<<20)} {
				digest := image.FromBytes([]byte(content))
				app := ref(t, host, "app:tag-is-ignored").Pinned(digest)
				there, err := c.HasBlob(t.Context(), app)
				require.NoError(t, err)
				assert.False(t, there)
				_, err = c.Blob(t.Context(), app)
				require.ErrorIs(t, err, image.ErrNotFound)
				for range 2 {
					got, err := c.PutBlob(t.Context(), app, []byte(content))
					require.NoError(t, err)
					assert.Equal(t, digest, got)
				}
				got, err := c.Blob(t.Context(), app)
				require.NoError(t, err)
				assert.Equal(t, content, string(got))
			}
			_, err := c.PutBlob(t.Context(), ref(t, host, "app").Pinned(image.FromBytes([]byte("a"))), []byte("b"))
			require.ErrorIs(t, err, image.ErrMismatch)
			_, err = c.Blob(t.Context(), ref(t, host, "app:v1"))
			require.EqualError(t, err, "no digest to ask for")
			_, err = c.HasBlob(t.Context(), ref(t, host, "app").Pinned("sha256:../.."))
			require.EqualError(t, err, "no digest to ask for")
		})
	}
}

// storage is another host that takes uploads; it remembers what came.
type storage struct {
	log  requestLog
	sent string
}

func (s *storage) start(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(s.log.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.sent = string(body)
		w.WriteHeader(http.StatusCreated)
	})))
	t.Cleanup(server.Close)
	return server.URL
}

func TestPutBlobGoesWhereTheRegistrySays(t *testing.T) {
	digest := image.FromBytes([]byte("content"))
	escaped := strings.ReplaceAll(digest.String(), ":", "%3A")
	for name, tt := range map[string]struct {
		location string // HOST is the registry's
		want     string // path and query
	}{
		"relative":             {"/v2/app/blobs/uploads/1", "/v2/app/blobs/uploads/1?digest=" + escaped},
		"relative to the path": {"2", "/v2/app/blobs/uploads/2?digest=" + escaped},
		"absolute":             {"http://HOST/v2/app/blobs/uploads/1", "/v2/app/blobs/uploads/1?digest=" + escaped},
		"with a state":         {"/v2/app/blobs/uploads/1?_state=a%2Bb%3D%3D&x", "/v2/app/blobs/uploads/1?_state=a%2Bb%3D%3D&x&digest=" + escaped},
		"does not know TLS":    {"https://HOST/v2/app/blobs/uploads/1", "/v2/app/blobs/uploads/1?digest=" + escaped},
		"with a login":         {"http://u:p@HOST/v2/app/blobs/uploads/1", "/v2/app/blobs/uploads/1?digest=" + escaped},
	} {
		t.Run(name, func(t *testing.T) {
			var put *http.Request
			sent := ""
			host := stub(t, func(w http.ResponseWriter, r *http.Request, path string) {
				if r.Method == http.MethodPost {
					assert.Equal(t, "blobs/uploads/", path)
					w.Header().Set("Location", strings.ReplaceAll(tt.location, "HOST", r.Host))
					w.WriteHeader(http.StatusAccepted)
					return
				}
				content, _ := io.ReadAll(r.Body)
				put, sent = r, string(content)
				w.WriteHeader(http.StatusCreated)
			})
			got, err := newClient(t, withPassword(host)).With(registry.Push).PutBlob(t.Context(), ref(t, host, "app"), []byte("content"))
			require.NoError(t, err)
			assert.Equal(t, digest, got)
			assert.Equal(t, tt.want, put.URL.RequestURI())
			assert.Equal(t, "content", sent)
			assert.Equal(t, "application/octet-stream", put.Header.Get("Content-Type"))
			_, password, _ := put.BasicAuth()
			assert.Equal(t, canary, password)
		})
	}
}

func TestPutBlobSendsNoCredentialsElsewhere(t *testing.T) {
	var s storage
	elsewhere := s.start(t)
	host := stub(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("Location", strings.Replace(elsewhere, "http://", "http://user:login@", 1)+"/upload?signed=1")
		w.WriteHeader(http.StatusAccepted)
	})
	_, err := newClient(t, withPassword(host)).With(registry.Push).PutBlob(t.Context(), ref(t, host, "app"), []byte("content"))
	require.NoError(t, err)
	assert.Equal(t, "content", s.sent)
	all := s.log.all()
	require.Len(t, all, 1)
	assert.Equal(t, "1", all[0].URL.Query().Get("signed"))
	assert.Empty(t, all[0].Header.Get("Authorization"))
	for _, values := range all[0].Header {
		assert.NotContains(t, strings.Join(values, " "), canary)
	}
}

func TestPutBlobIsRefusedOrDenied(t *testing.T) {
	start := func(status int, location string) step {
		return func(w http.ResponseWriter, _ *http.Request) {
			if location != "" {
				w.Header().Set("Location", location)
			}
			w.WriteHeader(status)
		}
	}
	for name, tt := range map[string]struct {
		post, put step
		is        error
		want      string
	}{
		"401":                {start(401, ""), nil, image.ErrDenied, "takes no pushes"},
		"403":                {start(403, ""), nil, image.ErrDenied, "HTTP 403"},
		"read-only":          {start(405, ""), nil, image.ErrRefused, "read-only"},
		"429":                {status(429, "Retry-After", "3600"), nil, nil, "asks to come back in 1h"},
		"no location":        {start(202, ""), nil, nil, "gives no address"},
		"no URL":             {start(202, "http://["), nil, nil, "no URL"},
		"a file":             {start(202, "file:///etc/passwd"), nil, nil, "no URL"},
		"200 is no upload":   {start(200, "/v2/app/blobs/uploads/1"), nil, nil, "it answers HTTP 200"},
		"another digest":     {start(202, "/v2/app/blobs/uploads/1"), status(201, "Docker-Content-Digest", image.FromBytes(nil).String()), image.ErrMismatch, "stored something else"},
		"upload is unknown":  {start(202, "/v2/app/blobs/uploads/1"), status(404), nil, "push to 127.0.0.1"},
		"upload is refused":  {start(202, "/v2/app/blobs/uploads/1"), status(409), image.ErrRefused, "HTTP 409"},
		"digest is not ours": {start(202, "/v2/app/blobs/uploads/1"), status(400), nil, "HTTP 400"},
	} {
		t.Run(name, func(t *testing.T) {
			host := stub(t, func(w http.ResponseWriter, r *http.Request, _ string) {
				switch r.Method {
				case http.MethodPost:
					tt.post(w, r)
				case http.MethodPut:
					tt.put(w, r)
				default:
					w.WriteHeader(http.StatusNotFound)
				}
			})
			_, err := newClient(t, registry.Options{}).With(registry.Push).PutBlob(t.Context(), ref(t, host, "app"), []byte("content"))
			assertIs(t, err, tt.is, tt.want)
		})
	}
}

func TestPutBlobWhoseAnswerIsLost(t *testing.T) {
	cut := false
	host := registrytest.StartMemory(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method != http.MethodPut:
				inner.ServeHTTP(w, r)
			case !cut: // it is stored, but the answer does not come
				cut = true
				inner.ServeHTTP(httptest.NewRecorder(), r)
				reset(w, r)
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		})
	})
	c := newClient(t, registry.Options{Transport: &http.Transport{DisableKeepAlives: true}}).With(registry.Push)
	digest, err := c.PutBlob(t.Context(), ref(t, host, "app"), []byte("content"))
	require.NoError(t, err)
	assert.Equal(t, image.FromBytes([]byte("content")), digest)
}
