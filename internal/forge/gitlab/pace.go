package gitlab

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// GitLab.com's limits for one account, a minute, and a little less: other
// programs may have the same one. Installations are set up to have none, or
// their own, which their answers tell.
//
// Spec: "GitLab.com settings", "Rate limits specific to GitLab.com".
const (
	writeEvery      = 200 * time.Millisecond
	requestsAMinute = 1900 // of 2,000
	listsAMinute    = 550  // of 600
	notesAMinute    = 55   // of 60
)

// pacer says when a request may go. It is the memory that all requests share.
type pacer struct {
	now func() time.Time

	mu        sync.Mutex
	lastWrite time.Time
	held      time.Time
	all       *attempt.Window
	lists     *attempt.Window
	notes     *attempt.Window
}

func newPacer(now func() time.Time) *pacer {
	window := func(most int) *attempt.Window { return &attempt.Window{Span: time.Minute, Most: most} }
	return &pacer{now: now, all: window(requestsAMinute), lists: window(listsAMinute), notes: window(notesAMinute)}
}

// hold lets no request go before until.
func (p *pacer) hold(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = attempt.Later(p.held, until)
}

// reserve books a request and returns when it may go; ok is false, and nothing
// is booked, where that is later than deadline.
func (p *pacer) reserve(c call, deadline time.Time) (at time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	at = attempt.Later(now, p.held)
	if c.write {
		at = attempt.Later(at, p.lastWrite.Add(writeEvery))
	}
	windows := []*attempt.Window{p.all}
	if c.list {
		windows = append(windows, p.lists)
	}
	if c.note {
		windows = append(windows, p.notes)
	}
	for moved := true; moved; { // until all agree
		moved = false
		for _, w := range windows {
			if free := w.Free(at, 1); free.After(at) {
				at, moved = free, true
			}
		}
	}
	if !deadline.IsZero() && at.After(deadline) {
		return at, false
	}
	for _, w := range windows {
		w.Spend(now, at, 1)
	}
	if c.write {
		p.lastWrite = at
	}
	return at, true
}

// paced lets a bounded number of reads and one write at a time through, each
// when the pacer says. It frees the place when the answer is there, so what is
// inside it must read the body.
type paced struct {
	inner    http.RoundTripper
	pacer    *pacer
	reads    chan struct{}
	writes   chan struct{}
	deadline time.Time
	sleep    func(context.Context, time.Duration) error
}

func (t *paced) RoundTrip(req *http.Request) (*http.Response, error) {
	c := callOf(req)
	slots := t.reads
	if c.write {
		slots = t.writes
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if err := t.wait(req.Context(), c); err != nil {
		return nil, err
	}
	resp, err := t.inner.RoundTrip(req)
	if err == nil {
		now := t.pacer.now()
		if wait, ok := spentOf(resp, now); ok {
			t.pacer.hold(now.Add(wait))
		}
	}
	return resp, err
}

func (t *paced) wait(ctx context.Context, c call) error {
	now := t.pacer.now()
	at, ok := t.pacer.reserve(c, attempt.Soonest(ctx, t.deadline))
	if !ok {
		return &forge.LimitedError{Until: at, Now: now, Why: "pacing by GitLab's limits"}
	}
	if d := at.Sub(now); d > 0 {
		return t.sleep(ctx, d)
	}
	return ctx.Err()
}
