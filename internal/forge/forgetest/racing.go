package forgetest

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// testTwoAtOnce has two clients make the same pull request at the same time,
// and move it on.
func testTwoAtOnce(t *testing.T, h Harness) {
	f, name := app(t, h)
	for _, content := range []string{newFrom, newest} {
		p := proposal(find(t, f, name), content)
		errs := make([]error, 2)
		var group sync.WaitGroup
		for i := range errs {
			rival := h.Client(t, nil)
			group.Go(func() { _, errs[i] = rival.Propose(t.Context(), p) })
		}
		group.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				require.ErrorIs(t, err, forge.ErrMoved)
			}
		}
		if h.Swaps() {
			assert.LessOrEqual(t, won, 1)
		}
		require.LessOrEqual(t, len(open(t, h, name)), 1)

		// Whatever came of it, another run completes it.
		if r := find(t, f, name); len(r.Branches) == 0 || r.Branches[0].Pull == nil {
			proposed(t, f, name, content)
		}
		assert.Len(t, open(t, h, name), 1)
		assertHolds(t, h, name, branch, "Dockerfile", content)
	}
}

var errKilled = errors.New("killed")

// killed lets so many requests through; the next one is carried out, or not,
// but nobody hears of it, and there is nothing after it.
type killed struct {
	inner   http.RoundTripper
	left    atomic.Int64
	carried bool
}

func (k *killed) RoundTrip(req *http.Request) (*http.Response, error) {
	left := k.left.Add(-1)
	if left >= 0 {
		return k.inner.RoundTrip(req)
	}
	if left == -1 && k.carried {
		if resp, err := k.inner.RoundTrip(req); err == nil {
			_ = resp.Body.Close()
		}
	}
	return nil, errKilled
}

// testKilled ends a run at each of its requests, before or after the forge has
// carried it out; a second run then comes to what one alone would.
func testKilled(t *testing.T, h Harness) {
	scenarios := map[string]func(f Forge, r forge.Repository) error{
		"create": func(f Forge, r forge.Repository) error {
			p := proposal(r, newest)
			p.Labels = []string{"dependencies"}
			_, err := f.Propose(t.Context(), p)
			return err
		},
		"executable": func(f Forge, r forge.Repository) error {
			p := proposal(r, newest)
			p.Files[0].Mode = "100755"
			_, err := f.Propose(t.Context(), p)
			return err
		},
	}
	number := 0
	for scenario, run := range scenarios {
		for _, existing := range []bool{false, true} {
			for _, carried := range []bool{false, true} {
				for at := int64(0); ; at++ {
					number++
					name := h.Owner() + "/" + scenario + string(rune('a'+number/26)) + string(rune('a'+number%26))
					h.Create(t, name, Kind{}, text("Dockerfile", oldFrom))
					f := h.Client(t, nil)
					if existing {
						proposed(t, f, name, newFrom)
					}
					r := find(t, f, name)
					k := &killed{carried: carried}
					k.left.Store(at)
					err := run(h.Client(t, func(inner http.RoundTripper) http.RoundTripper { k.inner = inner; return k }), r)

					again := find(t, f, name)
					if needs := proposal(again, newest); needs.Pull == nil || string(h.Read(t, name, branch, "Dockerfile")) != newest {
						require.NoError(t, run(f, again), "%s %v %v: second run after %d", scenario, existing, carried, at)
					}
					pulls := open(t, h, name)
					require.Len(t, pulls, 1, "%s %v %v: after %d", scenario, existing, carried, at)
					assert.Equal(t, 1, pulls[0].Commits)
					assertHolds(t, h, name, branch, "Dockerfile", newest)
					if err == nil && k.left.Load() >= 0 {
						break
					}
					require.Less(t, at, int64(20), "it does not end")
				}
			}
		}
	}
}
