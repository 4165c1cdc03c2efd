package lifecycletest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// faultyAnswers are what registries and what is before them do on bad days.
// Each may come before the registry has seen the request, or after.
var faultyAnswers = map[string]func(good *answer) *answer{
	"429":            func(*answer) *answer { return says(http.StatusTooManyRequests) },
	"429, come back": func(*answer) *answer { return says(http.StatusTooManyRequests, "Retry-After", "2") },
	"429, tomorrow":  func(*answer) *answer { return says(http.StatusTooManyRequests, "Retry-After", "86400") },
	"500":            func(*answer) *answer { return says(http.StatusInternalServerError) },
	"502":            func(*answer) *answer { return says(http.StatusBadGateway) },
	"nothing":        func(*answer) *answer { return nil },
	"half": func(good *answer) *answer {
		good.sent = len(good.body) / 2
		return good
	},
	"short": func(good *answer) *answer { // a body that ends early, as if that were all
		good.body = good.body[:len(good.body)/2]
		good.sent = len(good.body)
		return good
	},
}

// randomly lets a share of the requests fail in one way, the same ones for the
// same seed.
func randomly(seed uint64, share float64, fault func(*answer) *answer) meddler {
	random := rand.New(rand.NewPCG(seed, 7))
	var mu sync.Mutex
	return func(_ int, _ *http.Request, pass func() *answer) *answer {
		mu.Lock()
		fails, unseen := random.Float64() < share, random.IntN(2) == 0
		mu.Unlock()
		if !fails {
			return pass()
		}
		if bad := fault(&answer{status: http.StatusOK, header: http.Header{}}); unseen && (bad == nil || bad.status != http.StatusOK) {
			return bad // the registry has not seen the request
		}
		return fault(pass())
	}
}

// Whatever happens to its answers, a command does what it is to do or says what
// is wrong, and the next one comes to the same end.
func TestChaosFaults(t *testing.T) {
	host := registrytest.StartV3(t)
	from, uses := chaosStock(t, host)
	shop := shopShelf(t, host)
	commands := []struct {
		name string
		from shelf
		args func(repository string) []string
	}{
		{"prune", from, func(repository string) []string { return pruneArgs(repository, uses) }},
		{"retire", shop, func(repository string) []string { return []string{"retire", repository} }},
		{"rollback", shop, func(repository string) []string { return []string{"rollback", repository, "--to", "v1"} }},
		{"restore", pruned(t, from, uses), func(repository string) []string { return []string{"restore", repository, "--all"} }},
	}
	for _, c := range commands {
		uncut := c.from.copy("uncut-" + c.name + "/app")
		before := uncut.pulls(nil)
		now := chaosNow
		if c.name == "restore" {
			now = now.Add(day)
		}
		chaosOK(t, now, nil, c.args(newFront(t, host, nil).addr+"/"+uncut.name)...)
		want := uncut.condition()
		for kind, fault := range faultyAnswers {
			for seed := range uint64(3) {
				t.Run(fmt.Sprint(c.name, " ", kind, " ", seed), func(t *testing.T) {
					t.Parallel()
					s := shelf{t, host, fmt.Sprintf("fault-%s-%d-%s/app", c.name, seed, strings.NewReplacer(" ", "-", ",", "").Replace(kind))}
					registrytest.Copy(t, host, c.from.name, s.name)
					f := newFront(t, host, randomly(seed, []float64{0.05, 0.2, 0.6}[seed], fault))
					got := chaosRun(t, now, nil, c.args(f.addr+"/"+s.name)...)
					assert.NotContains(t, got.Out+got.Errors, "panic")
					if got.Status != 0 {
						assert.Contains(t, []int{1, 4}, got.Status, "%s\n%s", got.Out, got.Errors)
						assert.NotEmpty(t, strings.TrimSpace(got.Errors+got.Out))
					}
					s.pulls(common(before, want.Tags), got.Errors)
					f.let(nil)
					chaosOK(t, now.Add(time.Minute), nil, c.args(f.addr+"/"+s.name)...)
					assert.Equal(t, want, s.condition(), "%d: %s", got.Status, got.Errors)
				})
			}
		}
	}
}

// pruned is a repository out of which a prune has taken what it may.
func pruned(t *testing.T, from shelf, uses string) shelf {
	t.Helper()
	s := from.copy("pruned/app")
	chaosOK(t, chaosNow, nil, pruneArgs(newFront(t, from.host, nil).addr+"/"+s.name, uses)...)
	return s
}

// Being denied to delete says nothing about what the registry can do: nothing
// else is tried, and nothing is deleted.
func TestChaosDeniedDeletes(t *testing.T) {
	host := registrytest.StartV3(t)
	from, uses := chaosStock(t, host)
	before, want := from.pulls(nil), pruned(t, from, uses).pulls(nil)
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		for _, allowed := range []string{"probe", "tags", "nothing"} {
			t.Run(fmt.Sprint(status, " but for ", allowed), func(t *testing.T) {
				s := shelf{t, host, fmt.Sprintf("denied-%d-%s/app", status, allowed)}
				registrytest.Copy(t, host, from.name, s.name)
				var denied atomic.Int32
				f := newFront(t, host, func(_ int, r *http.Request, pass func() *answer) *answer {
					probe, tag := strings.HasSuffix(r.URL.Path, "basekeeper.probe"), !strings.Contains(r.URL.Path, "sha256:")
					if r.Method != http.MethodDelete || allowed != "nothing" && probe || allowed == "tags" && tag {
						return pass()
					}
					denied.Add(1)
					return refuses(status, "DENIED")
				})
				got := chaosRun(t, chaosNow, nil, pruneArgs(f.addr+"/"+s.name, uses)...)
				assert.Equal(t, 1, got.Status, "%s\n%s", got.Out, got.Errors)
				assert.Contains(t, got.Errors+got.Out, fmt.Sprint("HTTP ", status))
				assert.LessOrEqual(t, denied.Load(), int32(2), "but for what is under way it stops at once")
				for _, w := range f.writes() {
					if allowed != "tags" {
						assert.False(t, strings.HasPrefix(w, "DELETE") && strings.HasSuffix(w, "202"), w)
					}
					assert.NotContains(t, w, "DELETE /v2/"+s.name+"/manifests/sha256:")
				}
				if allowed != "tags" {
					assert.Equal(t, before, s.pulls(nil))
				}
				s.condition()
				f.let(nil)
				chaosOK(t, chaosNow, nil, pruneArgs(f.addr+"/"+s.name, uses)...)
				assert.Equal(t, want, s.pulls(nil))
			})
		}
	}
}
