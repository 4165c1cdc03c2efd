package registrytest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	memory "github.com/google/go-containerregistry/pkg/registry"
)

// Host is a registry that runs.
type Host struct {
	Addr           string // 127.0.0.1:PORT, plain HTTP
	User, Password string // needed to pull and push, empty for none

	program, configuration string // of a registry that is a process: its paths
}

// StartMemory starts go-containerregistry's registry in this process, behind
// wrappers, the first of which sees a request first. It is no model of real
// registries where deleting is concerned.
func StartMemory(t testing.TB, wrappers ...func(http.Handler) http.Handler) Host {
	t.Helper()
	handler := memory.New(memory.Logger(log.New(io.Discard, "", 0)), memory.WithReferrersSupport(true))
	for i := len(wrappers) - 1; i >= 0; i-- {
		handler = wrappers[i](handler)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return Host{Addr: strings.TrimPrefix(server.URL, "http://")}
}
