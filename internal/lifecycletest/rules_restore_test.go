package lifecycletest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// What prune deleted comes back byte for byte, though the garbage collector ran
// in between, until the undo period is over; then its storage is free.
func TestRestoreOnRealRegistries(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"a tag": func(t *testing.T, s *stock) {
			restored(t, s, func(image.Descriptor) []string { return []string{"v1"} })
		},
		"a digest": func(t *testing.T, s *stock) {
			restored(t, s, func(d image.Descriptor) []string { return []string{string(d.Digest)} })
		},
		"all": func(t *testing.T, s *stock) {
			restored(t, s, func(image.Descriptor) []string { return []string{"--all", "--since", "2d"} })
		},
		"the rest":      restoredInPart,
		"undo is over":  undoOver,
		"another's tag": restoredBeside,
	})
}

// family is an image with all that there is: platforms in an index in an index,
// referrers, their referrers, and companions.
func (s *stock) family(name string) (top image.Descriptor, all []image.Descriptor) {
	s.t.Helper()
	leaf, other, docker := s.made(name+" leaf"), s.made(name+" other"), s.docker(name+" docker")
	inner := s.index(leaf, other)
	top = s.index(inner, docker)
	all = []image.Descriptor{top, inner, leaf, other, docker}
	reports := s.refer(top, name+" sbom", name+" provenance")
	all = slices.Concat(all, reports, s.refer(reports[0], name+" signature"), s.refer(leaf, name+" leaf's sbom"))
	return top, slices.Concat(all, s.sign(top, "sig", "att", "sbom"), s.sign(leaf, "sig"))
}

func restored(t *testing.T, s *stock, what func(top image.Descriptor) []string) {
	top, all := s.family("old")
	s.release(top)
	s.tag("latest", s.made("new"))
	s.pass(40 * day)
	tags, before := s.tags(), s.pulled("v1", "latest")
	s.prune(0)
	s.lost(all...)
	assert.Equal(t, []string{"latest"}, s.tags())
	registrytest.GarbageCollect(t, s.host)
	s.pass(day)
	s.do(0, append([]string{"restore", s.image()}, what(top)...)...)
	assert.Equal(t, tags, s.tags())
	for tag, want := range before {
		require.Equal(t, want, s.whole(tag), tag)
	}
	s.proxy.forget()
	s.do(0, append([]string{"restore", s.image()}, what(top)...)...)
	assert.Empty(t, s.proxy.writes(), "a second time there is nothing to do")
	got := s.prune(0)
	assert.Equal(t, retention.Young, got.of(t, "v1").Reason)
	if what(top)[0] == "--all" {
		s.stays(before)
	}
	s.pass(40 * day)
	s.prune(0)
	s.lost(all...)
}

// restoredInPart restores one of two images that share a child.
func restoredInPart(t *testing.T, s *stock) {
	a, b, c := s.made("a"), s.made("b"), s.made("c")
	first, second := s.index(a, b), s.index(b, c)
	s.release(first)
	s.release(second)
	s.tag("latest", s.made("new"))
	s.pass(40 * day)
	before := s.pulled("v2", "latest")
	assert.Equal(t, []string{"v1", "v2"}, s.prune(0).gone())
	registrytest.GarbageCollect(t, s.host)
	_, stderr := s.do(1, "restore", s.image(), "v3")
	assert.Contains(t, stderr, "v3")
	s.do(0, "restore", s.image(), "v2")
	s.lost(first, a)
	s.stays(before)
}

// undoOver lets the trash's time pass.
func undoOver(t *testing.T, s *stock) {
	s.release(s.index(s.made("only here"), s.made("here only")))
	s.tag("latest", s.made("new"))
	s.pass(40 * day)
	kept := s.pulled("latest")
	s.prune(0, "--undo", "3d")
	bins := s.trash()
	require.Len(t, bins, 1)
	saved := s.whole(bins[0])
	for _, wait := range []time.Duration{0, 3*day - time.Second} {
		s.pass(wait)
		s.prune(0)
		registrytest.GarbageCollect(t, s.host)
		require.Equal(t, saved, s.whole(bins[0]))
	}
	s.pass(time.Second)
	assert.Equal(t, bins, s.prune(0).Expired)
	assert.Empty(t, s.trash())
	registrytest.GarbageCollect(t, s.host)
	freed := 0
	for name := range saved {
		digest, blob := strings.CutPrefix(name, "blob ")
		if _, shared := kept["latest"][name]; !blob || shared {
			continue
		}
		freed++
		assert.Equal(t, http.StatusNotFound, s.status("blobs/"+digest), digest)
	}
	assert.Equal(t, 8, freed, "two layers, two configurations, three manifests and the journal")
	s.do(1, "restore", s.image(), "v1")
	assert.Equal(t, kept["latest"], s.whole("latest"))
}

// restoredBeside restores a tag that is in use again.
func restoredBeside(t *testing.T, s *stock) {
	d := s.made("a")
	s.release(d)
	s.tag("latest", s.made("new"))
	s.pass(40 * day)
	s.prune(0)
	s.tag("v1", s.made("pushed since"))
	before := s.pulled("v1")
	stdout, stderr := s.do(1, "restore", s.image(), "v1")
	assert.Contains(t, stdout+stderr, "by now")
	assert.Equal(t, before["v1"], s.whole("v1"))
}

// A ledger that was damaged stops all that would write it, until it is
// repaired; then all times begin anew.
func TestDamagedLedgers(t *testing.T) {
	cases := map[string]func(*testing.T, *stock){"of a later version": func(t *testing.T, s *stock) {
		s.five()
		s.tag(ledger.Tag, s.artifact(strings.Replace(ledger.MediaType, ".v1", ".v2", 1), "{}"))
		at := s.at(ledger.Tag)
		s.proxy.forget()
		s.do(5, "retire", s.image())
		s.do(1, s.policy("--yes")...)
		s.do(5, "ledger", "repair", s.image(), "--yes")
		assert.Empty(t, slices.DeleteFunc(s.proxy.writes(), probes))
		assert.Equal(t, at, s.at(ledger.Tag))
	}}
	for name, damage := range map[string]func(s *stock) image.Descriptor{
		"an index":   func(s *stock) image.Descriptor { return s.index(s.made("somebody's")) },
		"no JSON":    func(s *stock) image.Descriptor { return s.artifact(ledger.MediaType, "{garbage") },
		"no version": func(s *stock) image.Descriptor { return s.artifact(ledger.MediaType, `{"records":[]}`) },
	} {
		cases[name] = func(t *testing.T, s *stock) { damaged(t, s, damage(s)) }
	}
	onReals(t, cases)
}

// artifact puts a manifest whose configuration is all that there is.
func (s *stock) artifact(kind, content string) image.Descriptor {
	s.t.Helper()
	return s.encode(image.MediaTypeOCIManifest, object{"artifactType": kind, "config": described(s.blob(kind, content)), "layers": []object{}})
}

func damaged(t *testing.T, s *stock, by image.Descriptor) {
	s.five()
	s.tag(ledger.Tag, by)
	s.proxy.forget()
	for _, args := range [][]string{{"retire", s.image()}, {"rollback", s.image()}, {"ledger", "show", s.image()}} {
		_, stderr := s.do(5, args...)
		assert.Contains(t, stderr, "ledger repair "+s.image())
	}
	stdout, stderr := s.do(1, s.policy("--yes")...)
	assert.Contains(t, stdout+stderr, "ledger repair "+s.image())
	s.do(0, "ledger", "repair", s.image())
	assert.Empty(t, slices.DeleteFunc(s.proxy.writes(), probes))
	assert.Equal(t, by.Digest, s.at(ledger.Tag))
	assert.Len(t, s.tags(), 6)

	s.do(0, "ledger", "repair", s.image(), "--yes")
	if by.MediaType == image.MediaTypeOCIIndex {
		s.do(0, "ledger", "show", s.image())
		return
	}
	for _, wait := range []time.Duration{0, 29 * day} {
		s.pass(wait)
		assert.Equal(t, retention.Young, s.prune(0).of(t, "v1").Reason)
	}
	assert.Equal(t, "v6", s.release(s.made("new")), "the numbers that there are count as used")
	s.tag("latest", s.made("newer"))
	s.pass(day)
	before := s.pulled("v6", "latest")
	assert.Equal(t, []string{"v1", "v2", "v3", "v4", "v5"}, s.prune(0).gone())
	s.stays(before)
}
