package cli_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// mixed is an organisation in which a run has one of each to do: a pull
// request to open, one to move on, one to close, one to note.
func mixed(t *testing.T, on forge.Flavor) *org {
	t.Helper()
	o := newOrgOn(t, on)
	o.people.AddUser("ada")
	old, gone := o.publish("base", "1", "one"), o.publish("gone", "1", "one")
	for i := range 3 {
		o.repository(fmt.Sprintf("acme/app%d", i), kind{}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n", ".basekeeper.yaml", "labels: [deps]\nreviewers: [ada]\n")
	}
	o.repository("acme/closing", kind{}, "Dockerfile", "FROM "+o.pin("gone", "1", gone)+"\n")
	o.publish("base", "1", "two")
	o.publish("gone", "1", "two")
	got := o.run("bump", "--repository", "acme/app1,acme/app2,acme/closing")
	require.Equal(t, 0, got.status, got.errors)
	o.push("acme/app2", o.only("acme/app2").Head, "x", "x")
	o.publish("base", "1", "three")
	o.publish("gone", "1", "one")
	return o
}

// state is what people see of an organisation.
func (o *org) state() string {
	var b strings.Builder
	for _, name := range []string{"acme/app0", "acme/app1", "acme/app2", "acme/closing"} {
		for _, p := range o.people.Pulls(name) {
			slices.Sort(p.Labels)
			fmt.Fprintf(&b, "%s %s %s<-%s %q %v %v %d comments %d commits\n", name, p.State, p.Base, clean(p.Head, o), clean(p.Title, o), p.Labels, p.Reviewers, len(o.people.Comments(name, p.Number)), len(p.Commits))
			if p.State == "OPEN" {
				b.WriteString(clean(o.file(name, p.Head, "Dockerfile"), o))
			}
		}
		branches, err := o.people.Branches(name, "basekeeper/")
		require.NoError(o.t, err)
		fmt.Fprintln(&b, name, len(branches), "branches")
	}
	return b.String()
}

// clean leaves out what differs from one registry's port to the next.
func clean(s string, o *org) string {
	host := o.registry.Host()
	s = strings.ReplaceAll(s, host, "REGISTRY")
	if at := strings.Index(s, strings.ReplaceAll(host, ":", "-")); at >= 0 {
		s = s[:at] + "BRANCH"
	}
	return s
}

// Wherever a run is cut off, the next one comes to the same end, and the one
// after it has nothing to do.
func TestKilledAtAnyRequest(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o := mixed(t, on)
		o.people.ResetRequests()
		o.bump(0)
		want, total := o.state(), len(o.people.Asked())
		require.Contains(t, want, "CLOSED")
		for _, answered := range []bool{false, true} {
			for k := range total {
				t.Run(fmt.Sprintf("request %d, answered %v", k, answered), func(t *testing.T) {
					o := mixed(t, on)
					o.people.ResetRequests()
					ctx, cancel := context.WithCancel(t.Context())
					var n atomic.Int32
					o.fault = func(_ http.ResponseWriter, r *http.Request) bool {
						if int(n.Add(1)) != k+1 {
							return ctx.Err() != nil
						}
						if answered { // it is done, but nobody hears of it
							o.people.Handler().ServeHTTP(nowhere{}, r)
						}
						cancel()
						return true
					}
					got := o.runCtx(ctx, "bump", "--organization", "acme")
					if ctx.Err() != nil {
						assert.NotEqual(t, 0, got.status)
					}
					o.fault = nil
					o.bump(0)
					assert.Equal(t, want, o.state())
					o.quiet()
				})
			}
		}
	})
}

// nowhere is where an answer goes that nobody hears.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}

// Two runs at once make no duplicate, whoever comes first.
func TestTwoRunsAtOnce(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		for range 5 {
			o := mixed(t, on)
			var group sync.WaitGroup
			for i := range 2 {
				group.Go(func() {
					got := o.runCtx(t.Context(), "bump", "--organization", "acme", "--cache", fmt.Sprint(o.cache, i))
					assert.Contains(t, []int{0, 4}, got.status, got.errors)
				})
			}
			group.Wait()
			o.bump(0)
			for _, name := range []string{"acme/app0", "acme/app1", "acme/app2"} {
				o.only(name)
			}
			assert.Empty(t, o.open("acme/closing"))
			o.quiet()
		}
	})
}

// From any mix of states: a run, and the second one writes nothing.
func FuzzTheSecondRunWritesNothing(f *testing.F) {
	for seed := range uint64(16) {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, seed uint64, gitlab bool) {
		on := forge.GitHub
		if gitlab {
			on = forge.GitLab
		}
		newFate(t, on, seed).happens()
	})
}

// fate is an organisation to which anything may happen.
type fate struct {
	*org
	random *rand.Rand
	old    image.Digest // that the files have at first
	layers int
	flags  []string
	anew   bool // what was refused is asked for once more
}

func newFate(t *testing.T, on forge.Flavor, seed uint64) *fate {
	f := &fate{org: newOrgOn(t, on), random: rand.New(rand.NewPCG(seed, 1))}
	f.people.AddUser("ada")
	f.old = f.publish("base", "1", "first")
	switch f.random.IntN(4) {
	case 0:
		f.flags = f.config("verify: true\n")
	case 1:
		f.flags, f.anew = f.config("verify: true\nautomerge: squash\n"), on == forge.GitLab
	}
	for _, name := range fateful {
		f.repository(name, kind{Checks: f.random.IntN(2) == 0}, "Dockerfile", "FROM "+f.pin("base", "1", f.old)+"\n", ".basekeeper.yaml", f.own())
		f.push(name, "line", "Dockerfile", "FROM "+f.pin("base", "1", f.old)+"\nRUN line\n")
	}
	return f
}

var fateful = []string{"acme/a", "acme/b", "acme/c"}

// own is a configuration of a repository's own.
func (f *fate) own() string {
	all := []string{
		"", "", "group: repository\n", "labels: [x]\nreviewers: [ada]\n", "cooldown: 1h\n", "draft: true\n", "base-branches: [$default, line]\n", "base-branches: [line]\n",
		"open-limit: 0\n", "schedule: {days: [mon], from: \"00:00\", to: \"18:00\"}\n", "enabled: false\n", "automerge: false\n",
	}
	return all[f.random.IntN(len(all))]
}

// happens lets a few things happen; then a run, and one that has nothing to do.
func (f *fate) happens() {
	for range 12 {
		f.disturb(fateful[f.random.IntN(len(fateful))])
	}
	f.wait(2 * time.Hour)
	f.bump(0, f.flags...)
	if f.anew {
		f.bump(0, f.flags...)
	}
	f.quiet(f.flags...)
}

// disturb lets something happen to a repository, if it can.
func (f *fate) disturb(name string) {
	f.t.Helper()
	pulls := f.people.Pulls(name)
	what := f.random.IntN(14)
	if what <= 2 || len(pulls) == 0 {
		f.layers++
		f.publish("base", "1", fmt.Sprint("layer", f.random.IntN(f.layers)))
		f.wait(2 * time.Hour)
		f.bump(0, f.flags...)
		return
	}
	p := pulls[f.random.IntN(len(pulls))]
	switch what { // what cannot be done is not: a closed one is not merged
	case 3:
		_ = f.people.ClosePull(name, p.Number, "ada")
	case 4:
		_ = f.people.Merge(name, p.Number, "ada")
	case 5:
		_ = f.people.DeleteBranch(name, p.Head, "ada")
	case 6:
		_ = f.people.Reopen(name, p.Number, "ada")
	case 7:
		_, _ = f.people.Push(name, "main", "ada", "more", git.File{Path: "Dockerfile", Content: []byte(f.file(name, "main", "Dockerfile") + "RUN true\n")})
	case 8:
		_ = f.people.EditPull(name, p.Number, "ada", "another title", "")
	case 9:
		if p.State == "OPEN" {
			_, _ = f.people.Push(name, p.Head, "ada", "by hand", git.File{Path: "by-hand", Content: []byte(p.HeadID)})
		}
	case 10:
		_ = f.people.CheckBox(name, p.Number, "ada", "basekeeper: refresh")
	case 11:
		_ = f.people.ChecksPassed(name, p.Number)
	case 12:
		f.push(name, "main", ".basekeeper.yaml", f.own())
	case 13:
		f.lose("base", f.old)
	}
}
