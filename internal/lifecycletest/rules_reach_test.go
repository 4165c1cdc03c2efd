package lifecycletest

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// R1: everything reachable from a kept root is kept, recursively; where
// anything cannot be fetched, nothing is deleted in that repository.
func TestR1(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"nested":   reachable,
		"faults":   faulty,
		"one of 2": faultyOne,
		"odd":      unreadable,
	})
}

// nest releases an index in an index as v1, its inner parts by themselves as v2
// and v3, one that nothing contains as v4, and publishes the first again. It
// returns what nothing contains.
func (s *stock) nest() (alone image.Descriptor) {
	s.t.Helper()
	leaf, other, outer := s.made("leaf"), s.made("other"), s.made("outer")
	inner := s.index(leaf, other)
	top := s.index(inner, outer)
	alone = s.index(s.made("x"), s.made("y"))
	for i, d := range []image.Descriptor{top, inner, leaf, alone} {
		require.Equal(s.t, []string{"v1", "v2", "v3", "v4"}[i], s.release(d))
	}
	s.refer(leaf, "sbom of the leaf")
	s.tag("latest", top)
	s.pass(40 * day)
	return alone
}

func reachable(t *testing.T, s *stock) {
	lost := s.nest()
	before := s.pulled("latest")
	got := s.prune(0)
	if s.untags {
		assert.Equal(t, []string{"v1", "v2", "v3", "v4"}, got.gone())
	} else {
		assert.Equal(t, []string{"v4"}, got.gone(), "a tag cannot go without its digest")
		assert.Equal(t, retention.Shared, got.of(t, "v1").Reason)
		assert.Equal(t, retention.Reachable, got.of(t, "v2").Reason)
		assert.Equal(t, retention.Reachable, got.of(t, "v3").Reason)
	}
	assert.NotEmpty(t, s.at("latest"))
	s.lost(lost, s.made("x"), s.made("y"))
	s.stays(before)
}

// faulty lets each request fail that a run sends before it deletes.
func faulty(t *testing.T, s *stock) {
	s.nest()
	s.proxy.forget()
	s.plan("--cache", "none")
	reads := slices.Compact(slices.Sorted(slices.Values(s.proxy.requests(http.MethodGet, http.MethodHead))))
	require.Greater(t, len(reads), 10)
	for _, request := range reads {
		s.proxy.failing(request)
		got := s.prune(1, "--cache", "none")
		assert.NotEmpty(t, got.Problem, request)
		assert.Empty(t, s.proxy.deletes(), request)
		assert.Empty(t, s.trash(), request)
	}
	s.proxy.forget()
}

// faultyOne prunes two repositories in one run, of which one cannot be read.
func faultyOne(t *testing.T, s *stock) {
	s.nest()
	well := newStock(t, s.house, strings.Replace(s.name, "/app", "/web", 1))
	well.Program = s.Program
	well.release(well.made("old"))
	well.tag("latest", well.made("new"))
	s.pass(40 * day)
	leaf := s.made("leaf")
	s.proxy.failing("GET /v2/" + s.name + "/manifests/" + leaf.Digest.String())
	stdout, _ := s.do(4, s.policy(well.image(), "--yes", "--cache", "none")...)
	s.proxy.forget()
	assert.Contains(t, stdout, "500")
	assert.Equal(t, []string{"latest"}, well.tags())
	assert.NotEmpty(t, s.at("v4"))
}

// unreadable has a tag on a manifest that nobody understands.
func unreadable(t *testing.T, s *stock) {
	s.nest()
	s.proxy.meddling(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, s.at("v2").String()) {
			return false
		}
		w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws")
		_, _ = w.Write([]byte(`{"fsLayers":[]}`))
		return true
	})
	got := s.prune(1, "--cache", "none")
	assert.NotEmpty(t, got.Problem)
	assert.Empty(t, s.proxy.deletes())
	s.proxy.forget()
}

// R2: tags are deleted, not digests; where the registry has no way to delete a
// tag, a digest goes only when every one of its tags may.
func TestR2(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"a sibling stays": func(t *testing.T, s *stock) {
			d := s.index(s.made("a"), s.made("b"))
			s.release(d)
			s.tag("stable", d)
			s.tag("latest", s.made("new"))
			s.pass(40 * day)
			before := s.pulled("stable", "latest")
			got := s.prune(0)
			if s.untags {
				assert.Equal(t, []string{"latest", "stable"}, s.tags())
				assert.Equal(t, []string{"/v2/" + s.name + "/manifests/v1"}, deleted(s))
			} else {
				assert.Equal(t, []string{"latest", "stable", "v1"}, s.tags())
				assert.Equal(t, retention.Shared, got.of(t, "v1").Reason)
				assert.Contains(t, got.of(t, "v1").Text, "without stable")
				assert.Empty(t, s.proxy.deletes())
			}
			s.stays(before)
		},
		"all siblings go": func(t *testing.T, s *stock) {
			d := s.made("a")
			s.release(d)
			s.tag("pr-1", d)
			s.tag("pr-2", d)
			s.tag("latest", s.made("new"))
			s.prune(0, "--expire", "pr-*")
			s.pass(29 * day)
			s.prune(0, "--expire", "pr-*")
			assert.Equal(t, []string{"latest", "pr-1", "pr-2", "v1"}, s.tags())
			s.pass(2 * day)
			before := s.pulled("latest")
			s.prune(0, "--expire", "pr-*")
			assert.Equal(t, []string{"latest"}, s.tags())
			s.lost(d)
			s.stays(before)
		},
	})
}

// deleted returns the places of the requests that deleted something.
func deleted(s *stock) []string {
	var all []string
	for _, r := range s.proxy.deletes() {
		all = append(all, strings.TrimPrefix(r, "DELETE "))
	}
	return all
}

// R3: what two images share stays with the one that stays, by counts that each
// run makes anew.
func TestR3(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"children": func(t *testing.T, s *stock) {
			a, b, c := s.made("a"), s.made("b"), s.made("c")
			first, second := s.index(a, b), s.index(b, c)
			s.release(first)
			s.pass(20 * day)
			s.release(second)
			s.tag("latest", s.made("new"))
			s.pass(11 * day)
			before := s.pulled("v2", "latest")
			assert.Equal(t, []string{"v1"}, s.prune(0).gone())
			s.lost(first, a)
			s.stays(before)

			s.pass(40 * day) // now the other goes too, and the child with it
			before = s.pulled("latest")
			assert.Equal(t, []string{"v2"}, s.prune(0).gone())
			s.lost(second, b, c)
			s.stays(before)
		},
		"a child that was pushed meanwhile": func(t *testing.T, s *stock) {
			a, b := s.made("a"), s.made("b")
			s.release(s.index(a, b))
			s.tag("latest", s.made("new"))
			s.pass(40 * day)
			file := filepath.Join(t.TempDir(), "plan.json")
			s.do(0, s.policy("-o", file)...)
			s.tag("next", s.index(b, s.made("c"))) // by someone else, since the plan
			before := s.pulled("next", "latest")
			s.do(0, "apply", file)
			assert.Equal(t, []string{"latest", "next"}, s.tags())
			s.lost(a)
			s.stays(before)
		},
	})
}

// R4: companions and referrers never count and are never chosen for
// themselves; they live and die with their subject.
func TestR4(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){"companions": companions, "orphans": func(t *testing.T, s *stock) {
		gone := s.made("never tagged")
		s.sign(image.Descriptor{Digest: image.FromBytes([]byte("nowhere"))}, "sig", "att")
		s.release(s.made("old"))
		s.tag("latest", s.made("new"))
		s.pass(99 * day)
		before := s.tags()
		s.prune(0, "--expire", "sha256-*")
		assert.Equal(t, slices.DeleteFunc(before, func(tag string) bool { return tag == "v1" }), s.tags(), "what belongs to something unknown stays")
		require.Equal(t, http.StatusOK, s.status("manifests/"+gone.Digest.String()), "what no tag reaches is not ours to find")
	}})
}

func companions(t *testing.T, s *stock) {
	var lost []image.Descriptor
	attached := func(name string) (d image.Descriptor, all []image.Descriptor) {
		leaf := s.made(name)
		d = s.index(leaf, s.made(name+" arm"))
		all = slices.Concat(s.refer(d, "sbom "+name, "provenance "+name), s.sign(d, "sig", "att", "sbom"), s.sign(leaf, "sig"))
		all = slices.Concat(all, s.refer(all[0], "signature of the sbom of "+name))
		return d, append(all, d, leaf)
	}
	old, more := attached("old")
	lost = append(lost, more...)
	kept, _ := attached("kept")
	newest, _ := attached("new")
	s.release(old)
	s.pass(day)
	s.release(kept)
	s.tag("latest", newest)
	s.pass(40 * day)
	before := s.pulled("v2", "latest")
	require.Greater(t, len(before["v2"]), 25)
	got := s.prune(0, "--keep-last", "1", "--max-deleted", "34", "--expire", "sha256-*") // 1 of 3 images
	assert.Equal(t, retention.Newest, got.of(t, "v2").Reason)
	for _, v := range got.Verdicts {
		if strings.HasPrefix(v.Tag, "sha256-") {
			assert.Contains(t, []retention.Reason{retention.Companion, retention.WithImage}, v.Reason, v.Tag)
		}
	}
	s.lost(lost...)
	for _, tag := range s.tags() {
		assert.NotContains(t, tag, old.Digest.Encoded())
	}
	s.stays(before)
}
