package retire_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retire"
)

var seeds = flag.Int("seeds", 200, "random schedules of requests for each scene")

// actor is a process whose requests go out when it is its turn.
type actor struct {
	waits, turn chan struct{} // it waits for its turn; it has it
	ended       chan struct{}
	name        string
	out         retire.Outcome
	err         error
}

type actorKey struct{}

// await is the world's before: it holds an actor's request until its turn.
func await(ctx context.Context, _ string) error {
	if a, ok := ctx.Value(actorKey{}).(*actor); ok {
		a.waits <- struct{}{}
		<-a.turn
	}
	return nil
}

// play runs requests at the same time, one HTTP request after the other; next
// chooses, among those that have not ended, whose is sent.
func play(w *world, reqs []retire.Request, next func(step int, alive []*actor) *actor) []*actor {
	w.before = await
	var all, alive []*actor
	for i, req := range reqs {
		a := &actor{name: fmt.Sprint(i), waits: make(chan struct{}), turn: make(chan struct{}), ended: make(chan struct{})}
		all = append(all, a)
		go func() {
			defer close(a.ended)
			a.out, a.err = w.flow().Retire(context.WithValue(context.Background(), actorKey{}, a), req)
		}()
		if a.stops() {
			alive = append(alive, a)
		}
	}
	for step := 0; len(alive) > 0; step++ {
		a := next(step, alive)
		a.turn <- struct{}{}
		if a.stops() {
			continue
		}
		for i := range alive {
			if alive[i] == a {
				alive = append(alive[:i:i], alive[i+1:]...)
				break
			}
		}
	}
	w.before = func(context.Context, string) error { return nil }
	return all
}

// stops waits until an actor has its next request ready; false if it ended.
func (a *actor) stops() bool {
	select {
	case <-a.waits:
		return true
	case <-a.ended:
		return false
	}
}

// switching runs the actors in turn, each for so many requests as runs says,
// and then each to its end.
func switching(runs []int) func(int, []*actor) *actor {
	at, left := 0, runs[0]
	return func(_ int, alive []*actor) *actor {
		for left == 0 && at+1 < len(runs) {
			at++
			left = runs[at]
		}
		left--
		return alive[at%len(alive)]
	}
}

func random(seed uint64) func(int, []*actor) *actor {
	r := rand.New(rand.NewPCG(seed, 1))
	at, left := 0, 0
	return func(_ int, alive []*actor) *actor {
		if left == 0 {
			at, left = r.IntN(len(alive)), 1+r.IntN(4)
		}
		left--
		return alive[at%len(alive)]
	}
}

// scene is a repository before requests, which it returns.
type scene func(t *testing.T, w *world) []retire.Request

// differing are two images that are retired from latest by a template.
func differing(text string, moves bool) scene {
	return func(t *testing.T, w *world) []retire.Request {
		t.Helper()
		var reqs []retire.Request
		for i := range 2 {
			reqs = append(reqs, retire.Request{Ref: app, Digest: w.push(fmt.Sprint("image ", i), "latest"), Template: template(t, text), Moves: moves})
		}
		return reqs
	}
}

// cut is the same, and a run before them was cut off behind its record.
func cut(t *testing.T, w *world) []retire.Request {
	t.Helper()
	reqs := differing(ledger.DefaultTemplate, false)(t, w)
	w.remember(t, func(l ledger.Ledger) ledger.Ledger {
		return l.With(ledger.Record{Tag: "v1", From: "latest", Digest: reqs[0].Digest, At: now})
	})
	return reqs
}

// moving is a name that somebody has already.
func moving(t *testing.T, w *world) []retire.Request {
	t.Helper()
	w.push("somebody else's", "oldest")
	return differing("oldest", true)(t, w)
}

// promise is what must be true of the records when all have ended. Of the tags
// it always is: every digest has one. But a record may be lost to another
// tag's, or, where the two met several times over a name that moves, be left
// wrong: both only delay a deletion.
type promise struct{ all, right bool }

// check plays a scene and looks that no digest was lost, and the promise kept.
func check(t *testing.T, set scene, records promise, schedule any, next func(int, []*actor) *actor) {
	t.Helper()
	w := newWorld()
	reqs := set(t, w)
	before := map[image.Digest]bool{}
	for _, d := range w.tags {
		before[d] = true
	}
	for i, a := range play(w, reqs, next) {
		require.NoError(t, a.err, "schedule %v: actor %d\n%v", schedule, i, w.requests)
		before[reqs[i].Digest] = true
	}
	l := w.memory(t)
	for d := range before {
		kept, known := false, false
		for tag, at := range w.tags {
			r, recorded := l.Record(tag)
			kept = kept || at == d && tag != "latest"
			known = known || at == d && recorded && r.Digest == d
		}
		require.True(t, kept, "schedule %v: %s has no version tag\n%v\n%v", schedule, d.Short(), w.tags, w.requests)
		require.True(t, known || !records.all, "schedule %v: %s has no record\n%v\n%v", schedule, d.Short(), w.tags, w.requests)
	}
	for _, r := range l.Records {
		require.True(t, r.Digest == w.tags[r.Tag] || !records.right, "schedule %v: record of %s\n%v", schedule, r.Tag, w.requests)
	}
}

func TestRetireAtTheSameTime(t *testing.T) {
	tests := map[string]struct {
		set    scene
		want   promise // where they switch three times
		always promise // however often they do
	}{
		"two numbers":     {differing(ledger.DefaultTemplate, false), promise{all: true, right: true}, promise{right: true}},
		"one was cut off": {cut, promise{right: true}, promise{right: true}},
		"a moving name":   {moving, promise{right: true}, promise{}},
		"a new name":      {differing("oldest", true), promise{right: true}, promise{}},
	}
	const most = 10 // requests between two switches
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for i := range most * most * most {
				runs := []int{i % most, i / most % most, i / most / most, 1000}
				check(t, tt.set, tt.want, runs, switching(runs))
			}
			for seed := range uint64(*seeds) {
				check(t, tt.set, tt.always, seed, random(seed))
			}
		})
	}
}
