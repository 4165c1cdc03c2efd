package github

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// GitHub's limits for one account.
//
// Spec: "Rate limits for the REST API", "About secondary rate limits"; "Best
// practices for using the REST API", "Pause between mutative requests".
const (
	writeEvery       = time.Second
	contentPerMinute = 80
	contentPerHour   = 500
	restPoints       = 900  // a minute
	graphqlPoints    = 2000 // a minute
)

// pacer says when a request may go. It is the memory that all requests share.
type pacer struct {
	now func() time.Time

	mu        sync.Mutex
	perOwner  bool // each owner has a token, and so limits, of its own
	lastWrite time.Time
	holds     map[budget]time.Time
	minute    *attempt.Window
	hour      *attempt.Window
	rest      *attempt.Window
	graphql   *attempt.Window
}

// budget is one of the counts that GitHub keeps of primary limits: for each
// token, one of REST and one of GraphQL.
type budget struct {
	owner   string
	graphql bool
}

func newPacer(now func() time.Time, perOwner bool) *pacer {
	return &pacer{
		now: now, perOwner: perOwner, holds: map[budget]time.Time{},
		minute:  &attempt.Window{Span: time.Minute, Most: contentPerMinute},
		hour:    &attempt.Window{Span: time.Hour, Most: contentPerHour},
		rest:    &attempt.Window{Span: time.Minute, Most: restPoints},
		graphql: &attempt.Window{Span: time.Minute, Most: graphqlPoints},
	}
}

// hold lets no request like c go before until: with the same token, and, where
// it is the primary limit, to the same half of the API.
func (p *pacer) hold(c call, until time.Time, primary bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.budget(c)
	for _, half := range []bool{false, true} {
		at := budget{own.owner, half}
		if (!primary || half == own.graphql) && until.After(p.holds[at]) {
			p.holds[at] = until
		}
	}
}

func (p *pacer) budget(c call) budget {
	if p.perOwner {
		return budget{strings.ToLower(c.owner), c.graphql}
	}
	return budget{"", c.graphql}
}

// reserve books a request and returns when it may go; ok is false, and nothing
// is booked, where that is later than deadline.
func (p *pacer) reserve(c call, deadline time.Time) (at time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	at = attempt.Later(now, p.holds[p.budget(c)])
	points := p.rest
	if c.graphql {
		points = p.graphql
	}
	booked := map[*attempt.Window]int{points: c.points()}
	if c.write {
		at = attempt.Later(at, p.lastWrite.Add(writeEvery))
		if !c.silent {
			booked[p.minute], booked[p.hour] = 1, 1
		}
	}
	for moved := true; moved; { // until all agree
		moved = false
		for w, cost := range booked {
			if free := w.Free(at, cost); free.After(at) {
				at, moved = free, true
			}
		}
	}
	if !deadline.IsZero() && at.After(deadline) {
		return at, false
	}
	for w, cost := range booked {
		w.Spend(now, at, cost)
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
	if !c.app { // a token is asked for while its request has the place
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	if err := t.wait(req.Context(), c); err != nil {
		return nil, err
	}
	return t.inner.RoundTrip(req)
}

func (t *paced) wait(ctx context.Context, c call) error {
	now := t.pacer.now()
	at, ok := t.pacer.reserve(c, attempt.Soonest(ctx, t.deadline))
	if !ok {
		return &forge.LimitedError{Until: at, Now: now, Why: "pacing by GitHub's published limits"}
	}
	if d := at.Sub(now); d > 0 {
		return t.sleep(ctx, d)
	}
	return ctx.Err()
}
