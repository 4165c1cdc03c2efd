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

	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// mixed is an organisation in which a run has one of each to do: a pull
// request to open, one to move on, one to close, one to note.
func mixed(t *testing.T) *org {
	t.Helper()
	o := newOrg(t)
	o.github.AddUser("ada")
	old, gone := o.publish("base", "1", "one"), o.publish("gone", "1", "one")
	for i := range 3 {
		o.repository(fmt.Sprintf("acme/app%d", i), hub.RepositoryOptions{}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n", ".basekeeper.yaml", "labels: [deps]\nreviewers: [ada]\n")
	}
	o.repository("acme/closing", hub.RepositoryOptions{}, "Dockerfile", "FROM "+o.pin("gone", "1", gone)+"\n")
	o.publish("base", "1", "two")
	o.publish("gone", "1", "two")
	got := o.run("bump", "--repository", "acme/app1,acme/app2,acme/closing")
	require.Equal(t, 0, got.status, got.errors)
	_, err := o.github.Push("acme/app2", o.only("acme/app2").Head, "ada", "mine", hub.File{Path: "x", Content: []byte("x")})
	require.NoError(t, err)
	o.publish("base", "1", "three")
	o.publish("gone", "1", "one")
	return o
}

// state is what people see of an organisation.
func (o *org) state() string {
	var b strings.Builder
	for _, name := range []string{"acme/app0", "acme/app1", "acme/app2", "acme/closing"} {
		for _, p := range o.github.PullRequests(name) {
			slices.Sort(p.Labels)
			fmt.Fprintf(&b, "%s %s %s<-%s %q %v %v %d comments %d commits\n", name, p.State, p.Base, clean(p.Head, o), clean(p.Title, o), p.Labels, p.Reviewers, len(o.github.Comments(name, p.Number)), len(p.Commits))
			if p.State == "OPEN" {
				b.WriteString(clean(o.file(name, p.Head, "Dockerfile"), o))
			}
		}
		branches, err := o.github.Branches(name, "basekeeper/")
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
	o := mixed(t)
	o.github.ResetRequests()
	o.bump(0)
	want, total := o.state(), len(o.github.Requests())
	require.Contains(t, want, "CLOSED")
	for _, answered := range []bool{false, true} {
		for k := range total {
			t.Run(fmt.Sprintf("request %d, answered %v", k, answered), func(t *testing.T) {
				o := mixed(t)
				o.github.ResetRequests()
				ctx, cancel := context.WithCancel(t.Context())
				var n atomic.Int32
				o.fault = func(_ http.ResponseWriter, r *http.Request) bool {
					if int(n.Add(1)) != k+1 {
						return ctx.Err() != nil
					}
					if answered { // it is done, but nobody hears of it
						o.github.Handler().ServeHTTP(nowhere{}, r)
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
}

// nowhere is where an answer goes that nobody hears.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}

// Whatever GitHub does instead of answering: a run ends, says so, and the next
// one comes to the same end.
func TestFaultsAtAnyRequest(t *testing.T) {
	faults := map[string]func(w http.ResponseWriter, r *http.Request){
		"502":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"reset": func(w http.ResponseWriter, _ *http.Request) { cut(w, "") },
		"half": func(w http.ResponseWriter, _ *http.Request) {
			cut(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"da")
		},
		"secondary limit": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`)
		},
		"limit for ever": nil,
	}
	o := mixed(t)
	o.github.ResetRequests()
	o.bump(0)
	want, total := o.state(), len(o.github.Requests())
	for name, fault := range faults {
		for k := range total {
			t.Run(fmt.Sprintf("%s at request %d", name, k), func(t *testing.T) {
				o := mixed(t)
				var n atomic.Int32
				o.fault = func(w http.ResponseWriter, r *http.Request) bool {
					at := int(n.Add(1))
					switch {
					case fault == nil && at > k:
						w.Header().Set("X-RateLimit-Remaining", "0")
						w.Header().Set("X-RateLimit-Reset", fmt.Sprint(o.time().Add(3*time.Hour).Unix()))
						w.WriteHeader(http.StatusForbidden)
						fmt.Fprint(w, `{"message":"API rate limit exceeded"}`)
						return true
					case fault != nil && at == k+1:
						fault(w, r)
						return true
					}
					return false
				}
				got := o.run("bump", "--organization", "acme")
				if fault == nil {
					assert.NotEqual(t, 0, got.status, got.out)
					assert.Contains(t, got.out+got.errors, "limit")
				}
				o.fault = nil
				o.wait(4 * time.Hour)
				o.bump(0)
				assert.Equal(t, want, o.state())
				o.quiet()
			})
		}
	}
}

// Two runs at once make no duplicate, whoever comes first.
func TestTwoRunsAtOnce(t *testing.T) {
	for range 5 {
		o := mixed(t)
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
}

// From any mix of states: a run, and the second one writes nothing.
func FuzzTheSecondRunWritesNothing(f *testing.F) {
	for seed := range uint64(12) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		o := newOrg(t)
		o.github.AddUser("ada")
		layers := 0
		publish := func() {
			layers++
			o.publish("base", "1", fmt.Sprint("layer", random.IntN(layers)))
		}
		old := o.publish("base", "1", "first")
		names := []string{"acme/a", "acme/b", "acme/c"}
		for _, name := range names {
			own := []string{"", "group: repository\n", "labels: [x]\nreviewers: [ada]\n", "cooldown: 1h\n", "draft: true\n"}[random.IntN(5)]
			o.repository(name, hub.RepositoryOptions{}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n", ".basekeeper.yaml", own)
		}
		for range 12 {
			disturb(t, o, random, names[random.IntN(len(names))], publish)
		}
		o.wait(2 * time.Hour)
		o.bump(0)
		o.quiet()
	})
}

// disturb lets something happen to a repository, if it can.
func disturb(t *testing.T, o *org, random *rand.Rand, name string, publish func()) {
	t.Helper()
	pulls := o.github.PullRequests(name)
	what := random.IntN(9)
	if what <= 2 || len(pulls) == 0 {
		publish()
		o.wait(2 * time.Hour)
		o.bump(0)
		return
	}
	p := pulls[random.IntN(len(pulls))]
	switch what { // what cannot be done is not: a closed one is not merged
	case 3:
		_ = o.github.ClosePull(name, p.Number, "ada")
	case 4:
		_ = o.github.Merge(name, p.Number, "ada")
	case 5:
		_ = o.github.DeleteBranch(name, p.Head, "ada")
	case 6:
		_ = o.github.Reopen(name, p.Number, "ada")
	case 7:
		_, _ = o.github.Push(name, "main", "ada", "more", hub.File{Path: "Dockerfile", Content: []byte(o.file(name, "main", "Dockerfile") + "RUN true\n")})
	case 8:
		_ = o.github.EditPull(name, p.Number, "ada", "another title", "")
	}
}
