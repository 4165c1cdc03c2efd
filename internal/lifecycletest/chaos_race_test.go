package lifecycletest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// atOnce runs commands as processes at the same time, which have to end well.
func atOnce(t testing.TB, commands ...[]string) {
	t.Helper()
	said := make([]string, len(commands))
	errs := make([]error, len(commands))
	var group sync.WaitGroup
	for i, args := range commands {
		cmd := chaosProcess(t, chaosNow, nil, args...)
		group.Go(func() {
			output, err := cmd.CombinedOutput()
			said[i], errs[i] = string(output), err
		})
	}
	group.Wait()
	for i, err := range errs {
		require.NoError(t, err, "%q\n%s", commands[i], said[i])
	}
}

// versions wants just some digests under version tags, and each record on the
// digest that its tag has. Whoever gave a tag back may have taken two.
func (s shelf) versions(want ...image.Digest) {
	s.t.Helper()
	tags := s.pulls(nil)
	var have []image.Digest
	for tag, digest := range tags {
		if strings.HasPrefix(tag, "v") {
			have = append(have, digest)
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	assert.Equal(s.t, want, slices.Compact(have), "%v", tags)
	l := s.ledger()
	for _, r := range l.Records {
		assert.Equal(s.t, tags[r.Tag], r.Digest, "the record of %s", r.Tag)
	}
}

// Two processes that retire the same image give it one version tag, or two that
// are the same; the same ledger says so.
func TestChaosTwoRetireTheSame(t *testing.T) {
	host := registrytest.StartV3(t)
	for round := range 20 {
		s := shelf{t, host, fmt.Sprintf("same-%d/app", round)}
		digest := s.image("latest", "1")
		f := newFront(t, host, nil)
		command := []string{"retire", f.addr + "/" + s.name}
		atOnce(t, command, command)
		tags := s.pulls(map[string]image.Digest{"latest": digest, "v1": digest})
		require.LessOrEqual(t, len(tags), 3, "%v", tags)
		r, ok := s.ledger().Record("v1")
		require.True(t, ok)
		require.Equal(t, digest, r.Digest)
	}
}

// Two processes that retire what a tag was before and after it moved: each
// image has a version tag in the end, and no tag has the record of the other.
func TestChaosTwoRetireWhileTheTagMoves(t *testing.T) {
	host := registrytest.StartV3(t)
	for round := range 20 {
		s := shelf{t, host, fmt.Sprintf("moving-%d/app", round)}
		one := s.image("latest", "1")
		two := s.image("", "2")
		// The tag moves once the first process knows what it was; the second one
		// waits for that.
		var once sync.Once
		ready := make(chan struct{})
		slow := newFront(t, host, func(_ int, r *http.Request, pass func() *answer) *answer {
			a := pass()
			if strings.HasSuffix(r.URL.Path, "/manifests/latest") {
				once.Do(func() { s.tag(two, "latest"); close(ready) })
			}
			return a
		})
		fast := newFront(t, host, func(_ int, _ *http.Request, pass func() *answer) *answer {
			<-ready
			return pass()
		})
		atOnce(t, []string{"retire", slow.addr + "/" + s.name}, []string{"retire", fast.addr + "/" + s.name})
		s.versions(one, two)
		require.Equal(t, two, s.at("latest"))
	}
}

// Two prunes at once delete no more than one would, and what is deleted can be
// restored.
func TestChaosTwoPrunes(t *testing.T) {
	host := registrytest.StartV3(t)
	from, uses := chaosStock(t, host)
	before := from.pulls(nil)
	want := prunedAlone(t, from, uses)
	for round := range 6 {
		s := from.copy(fmt.Sprintf("prunes-%d/app", round))
		one, other := newFront(t, host, nil), newFront(t, host, nil)
		together(t, pruneArgs(one.addr+"/"+s.name, uses), pruneArgs(other.addr+"/"+s.name, uses))
		chaosOK(t, chaosNow, nil, pruneArgs(one.addr+"/"+s.name, uses)...)
		assert.Equal(t, want.Tags, s.condition().Tags)
		chaosOK(t, chaosNow.Add(day), nil, "restore", one.addr+"/"+s.name, "--all")
		assert.Equal(t, before, s.pulls(nil))
	}
}

// A prune and a retirement at once: the prune deletes what it would have, and
// the new version is there.
func TestChaosPruneWhileRetiring(t *testing.T) {
	host := registrytest.StartV3(t)
	from, uses := chaosStock(t, host)
	want := prunedAlone(t, from, uses)
	for round := range 6 {
		s := from.copy(fmt.Sprintf("retiring-%d/app", round))
		fresh := s.image("latest", "new")
		one, other := newFront(t, host, nil), newFront(t, host, nil)
		together(t, pruneArgs(one.addr+"/"+s.name, uses), []string{"retire", other.addr + "/" + s.name})
		chaosOK(t, chaosNow, nil, "retire", other.addr+"/"+s.name)
		got := chaosOK(t, chaosNow, nil, pruneArgs(one.addr+"/"+s.name, uses)...)
		tags := s.pulls(nil, got.Out)
		retired := ""
		for tag, digest := range tags {
			if digest == fresh && tag != "latest" {
				retired = tag
			}
		}
		require.NotEmpty(t, retired, "%v", tags)
		delete(tags, retired)
		kept := want.Tags
		kept["latest"] = fresh
		assert.Equal(t, kept, tags)
		s.condition()
	}
}

// Whoever tags an image anew that is about to go keeps it, up to the last look
// at the tags before digests are deleted. The API has no way to delete a digest
// only if no tag is on it: from then on the image may go, and can be restored.
func TestChaosTaggedAnewWhilePruning(t *testing.T) {
	host := registrytest.StartV3(t)
	from, uses := chaosStock(t, host)
	alone := from.copy("alone/app")
	f := newFront(t, host, nil)
	chaosOK(t, chaosNow, nil, pruneArgs(f.addr+"/"+alone.name, uses)...)
	deleted := slices.IndexFunc(f.asked, func(r string) bool {
		return strings.HasPrefix(r, "DELETE ") && strings.HasSuffix(r, "202")
	})
	require.Positive(t, deleted)
	looked := slices.IndexFunc(f.asked, func(r string) bool { return strings.HasPrefix(r, "DELETE ") && strings.Contains(r, "/sha256:") })
	for !strings.Contains(f.asked[looked], "/tags/list") {
		looked--
	}
	require.Greater(t, looked, deleted)
	two := from.at("v2")
	for n := 1; n <= len(f.asked); n++ {
		if n%13 != 0 && (n < deleted-3 || n > deleted+8) {
			continue
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := shelf{t, host, fmt.Sprintf("anew-%d/app", n)}
			registrytest.Copy(t, host, from.name, s.name)
			var done atomic.Bool
			f := newFront(t, host, func(i int, _ *http.Request, pass func() *answer) *answer {
				if i == n && s.at(two.String()) != "" {
					s.tag(two, "rescued")
					done.Store(true)
				}
				return pass()
			})
			got := chaosRun(t, chaosNow, nil, pruneArgs(f.addr+"/"+s.name, uses)...)
			want := map[string]image.Digest{"latest": from.at("latest"), "v3": from.at("v3"), "v5": from.at("v5"), "stable": from.at("stable")}
			assert.Equal(t, 0, got.Status, got.Errors)
			if done.Load() && n <= looked+1 {
				want["rescued"] = two
			}
			s.pulls(want, got.Out, got.Errors)
			chaosOK(t, chaosNow.Add(day), nil, "restore", f.addr+"/"+s.name, "v2")
			want["v2"] = two
			s.pulls(want, got.Out, got.Errors)
		})
	}
}

// copy is a repository that has all that s has.
func (s shelf) copy(name string) shelf {
	s.t.Helper()
	registrytest.Copy(s.t, s.host, s.name, name)
	return shelf{s.t, s.host, name}
}

// prunedAlone is a repository after a prune that nothing came across.
func prunedAlone(t *testing.T, from shelf, uses string) condition {
	t.Helper()
	s := from.copy("undisturbed/app")
	f := newFront(t, s.host, nil)
	chaosOK(t, chaosNow, nil, pruneArgs(f.addr+"/"+s.name, uses)...)
	return s.condition()
}

// together runs commands at the same time, which may end with what they could
// not do because of each other.
func together(t testing.TB, commands ...[]string) {
	t.Helper()
	var group sync.WaitGroup
	for _, args := range commands {
		cmd := chaosProcess(t, chaosNow, nil, args...)
		group.Go(func() {
			output, _ := cmd.CombinedOutput()
			assert.Contains(t, []int{0, 1, 4, 5}, cmd.ProcessState.ExitCode(), "%s", output)
			assert.NotContains(t, string(output), "panic")
		})
	}
	group.Wait()
}
