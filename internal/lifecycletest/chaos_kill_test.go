package lifecycletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// killing is a command that is killed at one request after the other.
type killing struct {
	host     registrytest.Host
	from     string // the repository as it is before
	args     func(repository string) []string
	now      time.Time
	env      map[string]string
	sample   func(n int, asked string) bool // which requests, by those of the uncut run; nil for all
	recovers bool                           // what the command deletes can be restored
	complete func(s shelf) bool             // once more would be another one; nil for never
}

// everywhere kills the command before and after each request, lets it run
// again, and compares.
func (k killing) everywhere(t *testing.T) {
	t.Helper()
	uncut := shelf{t, k.host, k.from + "-uncut/app"}
	registrytest.Copy(t, k.host, k.from, uncut.name)
	before := uncut.pulls(nil)
	f := newFront(t, k.host, nil)
	chaosOK(t, k.now, k.env, k.args(f.addr+"/"+uncut.name)...)
	want := uncut.condition("uncut")
	require.Zero(t, want.Open)
	kept := common(before, want.Tags)
	total, cuts := f.asked, 0
	for n := 1; n <= len(total)+1; n++ {
		asked := "nothing any more"
		if n <= len(total) {
			asked = total[n-1]
		}
		if k.sample != nil && !k.sample(n, asked) {
			continue
		}
		for _, answered := range []bool{false, true} {
			switch {
			case answered && !changes(asked):
				continue // it is as if the next one had not been sent
			case !answered && changes(asked) && k.sample != nil:
				continue // and this, as if the one before had been answered
			}
			cuts++
			t.Run(fmt.Sprintf("%d answered %v", n, answered), func(t *testing.T) {
				t.Parallel()
				s := shelf{t, k.host, fmt.Sprintf("%s-%d-%v/app", k.from, n, answered)}
				registrytest.Copy(t, k.host, k.from, s.name)
				f := newFront(t, k.host, nil)
				args := k.args(f.addr + "/" + s.name)
				if !killAt(t, f, n, answered, chaosProcess(t, k.now, k.env, args...)) {
					require.Greater(t, n, len(total), "it ends early")
				}
				s.pulls(kept, "after the cut")
				f.let(nil)
				if k.complete == nil || !k.complete(s) {
					chaosOK(t, k.now.Add(time.Minute), k.env, args...)
				}
				assert.Equal(t, want, s.condition("run again"))
				if k.recovers && n%3 == 0 {
					chaosOK(t, k.now.Add(time.Hour), nil, "restore", f.addr+"/"+s.name, "--all")
					assert.Equal(t, before, s.pulls(nil, "restored"))
				}
			})
		}
	}
	t.Logf("%d requests, %d cuts", len(total), cuts)
}

// changes reports whether a request may have changed something.
func changes(asked string) bool {
	return strings.HasPrefix(asked, "PUT ") || strings.HasPrefix(asked, "POST ") || strings.HasPrefix(asked, "DELETE ")
}

// chaosStock is a repository with what a prune has to tell apart: indexes that share
// children, one in another, companions, what refers to an image, a digest with
// two tags, one that is in use, trash whose time is over.
func chaosStock(t *testing.T, host registrytest.Host) (s shelf, uses string) {
	t.Helper()
	s = shelf{t, host, "stock/app"}
	shared, pinned := s.image("", "shared"), s.image("", "pinned child")
	s.image("v0", "0")
	s.image("v1", "1")
	two := s.index("v2", s.image("", "2 amd64"), shared)
	s.image("sha256-"+two.Encoded()+".sig", "signature of 2")
	s.referrer("sbom-2", "2", two)
	three := s.index("v3", shared, pinned)
	s.tag(s.image("v4", "4"), "stable")
	s.image("v5", "5")
	s.index("v6", s.index("", s.image("", "6 inner")), s.image("", "6 outer"))
	s.index("latest", pinned, s.image("", "latest arm64"))
	s.retired(map[string]int{"v0": 90, "v1": 60, "v2": 59, "v3": 58, "v4": 57, "v5": 3, "v6": 40})
	uses = usedBy(t, "mirror.test/app@"+three.String())
	f := newFront(t, host, nil)
	earlier := chaosNow.Add(-25 * day) // v0 goes, so that there is trash to empty
	chaosOK(t, earlier, nil, append(pruneArgs(f.addr+"/"+s.name, uses), "--keep-for", "60d")...)
	require.Empty(t, s.at("v0"))
	return s, uses
}

func pruneArgs(repository, uses string) []string {
	return strings.Fields("prune " + repository + " --yes --keep-for 30d --keep-last 0 --max-deleted 90 --concurrency 1 --uses " + uses)
}

// sampled chooses among the requests that change manifests and tags: every
// second one, on the older registry every fourth. Package prune is cut off at
// every request, in process.
func sampled(registry string) func(asked string) bool {
	n, step := 0, 2
	if registry != "distribution" {
		step = 4
	}
	return func(asked string) bool {
		if !changes(asked) || strings.Contains(asked, "/uploads/") {
			return false
		}
		n++
		return n%step == 1
	}
}

// Wherever a prune is killed, nothing that is kept is lost, all that is deleted
// can be restored, and the next prune comes to the same end.
func TestChaosKilledPrune(t *testing.T) {
	hosts := map[string]func(testing.TB, ...registrytest.Option) registrytest.Host{"distribution": registrytest.StartV3, "distribution2.8": registrytest.StartV2}
	for name, start := range hosts {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			s, uses := chaosStock(t, host)
			deletes, some := 0, sampled(name)
			killing{
				host: host, from: s.name, now: chaosNow, recovers: true,
				args: func(repository string) []string { return pruneArgs(repository, uses) },
				sample: func(n int, asked string) bool {
					if strings.HasPrefix(asked, "DELETE ") && !strings.Contains(asked, "probe") {
						deletes++
					}
					return some(asked) || deletes == 1 && name == "distribution" || n%23 == 0
				},
			}.everywhere(t)
		})
	}
}

// Wherever a restore is killed, the next one has everything back.
func TestChaosKilledRestore(t *testing.T) {
	hosts := map[string]func(testing.TB, ...registrytest.Option) registrytest.Host{"distribution": registrytest.StartV3, "distribution2.8": registrytest.StartV2}
	for name, start := range hosts {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			s, uses := chaosStock(t, host)
			f, some := newFront(t, host, nil), sampled(name)
			chaosOK(t, chaosNow, nil, pruneArgs(f.addr+"/"+s.name, uses)...)
			registrytest.GarbageCollect(t, host)
			killing{
				host: host, from: s.name, now: chaosNow.Add(day),
				args: func(repository string) []string {
					return []string{"restore", repository, "--all", "--concurrency", "1"}
				},
				sample: func(n int, asked string) bool { return some(asked) || n%23 == 0 },
			}.everywhere(t)
		})
	}
}

// shopShelf is a repository with two retired versions and a new latest.
func shopShelf(t *testing.T, host registrytest.Host) shelf {
	t.Helper()
	s := shelf{t, host, "shop/app"}
	f := newFront(t, host, nil)
	s.image("latest", "1")
	chaosOK(t, chaosNow.Add(-9*day), nil, "retire", f.addr+"/"+s.name)
	s.index("latest", s.image("", "2 amd64"), s.image("", "2 arm64"))
	chaosOK(t, chaosNow.Add(-8*day), nil, "retire", f.addr+"/"+s.name)
	s.index("latest", s.image("", "3 amd64"), s.image("", "3 arm64"))
	require.Equal(t, []string{"latest", "v1", "v2"}, slices.Sorted(maps.Keys(s.pulls(nil))))
	return s
}

// Wherever a retirement or a rollback is killed, no version is lost or has two
// tags in the end.
func TestChaosKilledRetire(t *testing.T) {
	host := registrytest.StartV3(t)
	s := shopShelf(t, host)
	for _, args := range []string{"retire", "retire --as oldest --moves", "rollback", "rollback --to v1"} {
		t.Run(args, func(t *testing.T) {
			from := shelf{t, host, strings.NewReplacer(" ", "-", "--", "").Replace(args) + "/app"}
			registrytest.Copy(t, host, s.name, from.name)
			if strings.Contains(args, "oldest") { // it moves from one version to the next
				f := newFront(t, host, nil)
				chaosOK(t, chaosNow.Add(-day), nil, append(strings.Fields(args), f.addr+"/"+from.name)...)
				from.image("latest", "4")
			}
			name, rest, _ := strings.Cut(args, " ")
			var complete func(s shelf) bool
			if args == "rollback" { // once it is recorded: the next one leads forth again
				two := from.at("v2")
				complete = func(s shelf) bool {
					sights := s.ledger().Sights["latest"]
					return s.at("latest") == two && sights[len(sights)-1].Digest == two
				}
			}
			killing{
				host: host, from: from.name, now: chaosNow, complete: complete,
				args: func(repository string) []string {
					return append([]string{name, repository, "--concurrency", "1"}, strings.Fields(rest)...)
				},
			}.everywhere(t)
		})
	}
}
