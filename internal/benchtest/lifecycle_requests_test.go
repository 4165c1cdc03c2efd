package benchtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// The shelf that a decision is made about: 2,000 tags, the ledger's included.
const (
	manyVersions = 1998
	oldVersions  = 998
)

// How often the registry may be asked besides the pages of tags.
const (
	maxRetire  = 12
	ledgerRead = 2 // its manifest and its content
	maxHello   = 2 // GET /v2/, and a token
)

// TestPruneRequests holds what a decision costs on a plain OCI registry.
func TestPruneRequests(t *testing.T) {
	host := registrytest.StartV3(t)
	g, front := through(t, host)
	decisions(t, g, onDisk(t, host, front, manyVersions, oldVersions), 1)
}

// TestPruneRequestsWithReferrers does so where there is an API for referrers.
func TestPruneRequestsWithReferrers(t *testing.T) {
	g := &gate{}
	s := inMemory(t, registrytest.StartMemory(t, g.count), 400, 100)
	manifests := s.due()/each*(indexed+2)/indexed + 2
	decisions(t, g, s, manifests)
}

// decisions decides cold and warm, with so many questions for referrers at
// most.
func decisions(t *testing.T, g *gate, s *shelf, referrers int) {
	t.Helper()
	cache := filepath.Join(t.TempDir(), "cache.json")
	manifests := len(s.digests)
	for _, state := range []struct {
		name string
		gets int
	}{{"cold", 2 * manifests}, {"warm", 0}} {
		var said string
		n := g.during(func() { said = run(t, s.prune(cache)...) })
		assert.Equal(t, s.verdict(), lastLine(said), state.name)
		assert.LessOrEqual(t, n.pages, s.all()/1000+1, state.name)
		assert.Equal(t, s.all(), n.heads, "%s: one for each tag", state.name)
		assert.LessOrEqual(t, n.gets+n.blobs, state.gets+ledgerRead, state.name)
		assert.LessOrEqual(t, n.referrers, referrers, state.name)
		assert.LessOrEqual(t, n.pings, maxHello, state.name)
		assert.Zero(t, n.writes+n.deletes, "%s: it only decides", state.name)
		t.Logf("%s: %+v", state.name, n)
	}
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// TestRetireRequests holds what retiring costs, whoever asks for credentials.
func TestRetireRequests(t *testing.T) {
	tokens := registrytest.StartTokenService(t, user, password)
	for name, start := range map[string]func() registrytest.Host{
		"distribution v3":           func() registrytest.Host { return registrytest.StartV3(t) },
		"distribution 2.8":          func() registrytest.Host { return registrytest.StartV2(t) },
		"v3 behind a token service": func() registrytest.Host { return registrytest.StartV3(t, registrytest.WithTokens(tokens)) },
	} {
		t.Run(name, func(t *testing.T) {
			retires(t, start(), func() int { return issued(tokens) })
		})
	}
}

func issued(service *registrytest.TokenService) int {
	n := 0
	for _, some := range service.Scopes() {
		n += some
	}
	return n
}

func retires(t *testing.T, host registrytest.Host, issued func() int) {
	t.Helper()
	g, front := through(t, host)
	command := []string{"retire", front.Addr + "/" + onShelf, "--cache", "none", "--config", credentials(t, front)}
	retire := func() (traffic, int, string) {
		var said string
		before := issued()
		n := g.during(func() { said = run(t, command...) })
		return n, n.total() + issued() - before, said
	}
	for i := range 3 { // the first makes the ledger
		registrytest.Push(t, host, onShelf, "latest")
		n, requests, said := retire()
		assert.Contains(t, said, version(i))
		assert.LessOrEqual(t, n.pages, 1)
		assert.LessOrEqual(t, requests-n.pages, maxRetire, "%+v", n)
		t.Logf("retire: %d requests, tokens included: %+v", requests, n)

		n, requests, said = retire()
		assert.Contains(t, said, version(i))
		assert.Zero(t, n.writes+n.deletes, "it was done before")
		assert.LessOrEqual(t, requests, maxRetire/2, "%+v", n)
		t.Logf("again: %d requests: %+v", requests, n)
	}
}

// credentials writes the configuration that a registry needs to be asked.
func credentials(t testing.TB, host registrytest.Host) string {
	t.Helper()
	path, content := filepath.Join(t.TempDir(), "run.yaml"), "version: 1\n"
	if host.User != "" {
		content += fmt.Sprintf("registries:\n  %q:\n    user-env: BENCH_USER\n    password-env: BENCH_PASSWORD\n    token-service: localhost\n", host.Addr)
	}
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
