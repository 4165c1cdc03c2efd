package lifecycletest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// What GitLab's own rules forbid is left, with what to do; the rest of the plan
// is done, and once the rule is gone the next run does what is left.
func TestGitLabRules(t *testing.T) {
	t.Parallel()
	h := newGitLab(t)
	tests := map[string]struct {
		rule func(pattern string)
		want string
	}{
		"protected": {h.gitlab.Protect, "it takes a higher role to delete it"},
		"immutable": {h.gitlab.Freeze, "nobody can delete it while the rule is there"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStock(t, h, "acme/"+name+"/app")
			s.five()
			tt.rule("v[24]")
			before := s.pulled("v2", "v4", "latest")
			got := s.prune(5)
			for _, tag := range []string{"v2", "v4"} {
				assert.Contains(t, got.Left[tag], tt.want)
			}
			assert.Equal(t, []string{"latest", "v2", "v4"}, s.tags())
			require.Equal(t, before, s.pulled("v2", "v4", "latest"))
			tt.rule("")
			s.prune(0)
			assert.Equal(t, []string{"latest"}, s.tags())
		})
	}
}

// A delete that GitLab only promises is waited for before what has no tag then
// is deleted.
func TestGitLabPromisesDeletes(t *testing.T) {
	t.Parallel()
	h := newGitLab(t)
	s := newStock(t, h, "acme/app")
	s.five()
	h.gitlab.Promise(3)
	before := s.pulled("latest")
	s.prune(0)
	assert.Equal(t, []string{"latest"}, s.tags())
	s.stays(before)
}

// A cleanup policy of the project's that deletes a tag in the meantime takes
// nothing else with it, and ends no run.
func TestGitLabCleansUpMeanwhile(t *testing.T) {
	t.Parallel()
	s := newStock(t, newGitLab(t), "acme/app")
	s.five()
	gone := false
	s.proxy.meddling(cleaningUp(s, &gone))
	s.prune(0, "--concurrency", "1")
	require.True(t, gone)
	assert.Equal(t, []string{"latest"}, s.tags())
	s.do(0, "restore", s.image(), "v1")
	s.whole("v1")
}

// An image without tags is GitLab's garbage collector's after a day. What was in
// the trash comes back all the same, and what a tag was left on stays.
func TestGitLabCollectsUntagged(t *testing.T) {
	t.Parallel()
	s := newStock(t, newGitLab(t), "acme/app")
	whole := s.index(s.made("amd64"), s.made("arm64"))
	s.release(whole)
	s.tag("latest", s.made("next"))
	before := s.pulled("v1", "latest")
	s.pass(40 * day)
	s.prune(0)
	s.lost(whole, s.made("amd64"), s.made("arm64")) // as the collector would
	registrytest.GarbageCollect(t, s.host)
	s.do(0, "restore", s.image(), "v1")
	assert.Equal(t, before, s.pulled("v1", "latest"))
}

// A GitLab whose registry takes known media types only has ledger and trash all
// the same: they are dressed as images.
func TestGitLabTakesImagesOnly(t *testing.T) {
	t.Parallel()
	h := newGitLab(t)
	h.gitlab.OnlyKnownTypes(true)
	s := newStock(t, h, "acme/app")
	s.five()
	before := s.pulled("v1", "v2", "latest")
	s.prune(0)
	assert.Equal(t, []string{"latest"}, s.tags())
	registrytest.GarbageCollect(t, s.host)
	s.do(0, "restore", s.image(), "v1", "v2")
	assert.Equal(t, before, s.pulled("v1", "v2", "latest"))
	s.do(0, "ledger", "show", s.image())
}

// cleaningUp deletes v1 right before GitLab is asked to.
func cleaningUp(s *stock, gone *bool) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if !*gone && r.Method == http.MethodDelete && strings.HasSuffix(r.URL.Path, "/manifests/v1") {
			*gone = true
			status, _, _ := s.send(http.MethodDelete, "manifests/v1", "", nil)
			assert.Equal(s.t, http.StatusAccepted, status)
		}
		return false
	}
}
