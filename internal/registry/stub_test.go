package registry_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// stub starts a server that answers the ping, and all else with answer, which is
// given the path under the repository app: tags/list, manifests/v1. It is called
// by one request at a time.
func stub(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, path string), wrappers ...func(http.Handler) http.Handler) registrytest.Host {
	t.Helper()
	var mu sync.Mutex
	inner := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path, ok := strings.CutPrefix(r.URL.Path, "/v2/app/")
			switch {
			case r.URL.Path == "/v2/":
			case !ok:
				w.WriteHeader(http.StatusNotFound)
			default:
				mu.Lock()
				defer mu.Unlock()
				answer(w, r, path)
			}
		})
	}
	return registrytest.StartMemory(t, append(wrappers, inner)...)
}

// refuse answers with a status and an error code, or without a body for no code.
func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	if code != "" {
		_, _ = w.Write([]byte(`{"errors":[{"code":"` + code + `","message":"` + canary + `"}]}`))
	}
}
