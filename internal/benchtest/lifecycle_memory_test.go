package benchtest

import (
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

const (
	longVersions   = 9998 // with latest and the ledger, 10,000 tags
	maxPruneMemory = 128  // MiB at the peak of a decision about them
)

// TestPruneMemory holds the real process to it, cold and warm.
func TestPruneMemory(t *testing.T) {
	if runtime.GOOS != "linux" { // see TestPeakMemory
		return
	}
	s := inMemory(t, registrytest.StartMemory(t, withoutReferrers), longVersions, longVersions/2+1)
	program, cache := build(t), filepath.Join(t.TempDir(), "cache.json")
	for _, state := range []string{"cold", "warm"} {
		got := execute(t, t.TempDir(), nil, append([]string{program}, s.prune(cache)...)...)
		assert.Contains(t, string(got.Output), s.verdict(), state)
		assert.Less(t, got.Peak, float64(maxPruneMemory), state)
		t.Logf("%s: %.0f MiB, %v, of processor time %v", state, got.Peak, got.Wall, got.CPU)
	}
}

// withoutReferrers makes a registry one that has no API for referrers, as most
// are; the one in memory reads all its manifests for each question.
func withoutReferrers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/referrers/") {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
