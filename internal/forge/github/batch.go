package github

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// perRequest is how many things of a kind one document asks for.
const perRequest = 100

// batch is what one document asks for: items by their index.
type batch struct {
	owner string
	items []int
}

// batches cuts n items into batches of at most so many and such a weight, in
// order. An App has a token for each owner, and so each owner has its own.
func (c *Client) batches(n int, owner func(int) string, most int, weight func(int) int, heaviest int) []batch {
	var all []batch
	open := map[string]int{} // by owner, the one that is not full
	filled := map[string]int{}
	for i := range n {
		o := ""
		if c.apps != nil {
			o = owner(i)
		}
		at, ok := open[o]
		if !ok || len(all[at].items) == most || filled[o]+weight(i) > heaviest {
			all = append(all, batch{owner: o})
			at = len(all) - 1
			open[o], filled[o] = at, 0
		}
		all[at].items = append(all[at].items, i)
		filled[o] += weight(i)
	}
	return all
}

func weightless(int) int { return 0 }

// each asks for all batches, several at a time. A batch that is too much is
// halved. What cannot be had even alone is handed to failed, which is called by
// several goroutines, each item by one; after a few of these in a row it is
// GitHub that fails, and the rest is not asked for. The error is the context's,
// or [forge.ErrLimited].
func (c *Client) each(ctx context.Context, all []batch, ask func(context.Context, batch) error, failed func(int, error)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.opts.Concurrency)
	h := &halving{ask: ask, failed: failed}
	for _, b := range all {
		group.Go(func() error { return h.do(ctx, b) })
	}
	return group.Wait()
}

// halving is one call of each.
type halving struct {
	ask    func(context.Context, batch) error
	failed func(int, error)
	alone  atomic.Int32 // items in a row that were too much even alone
}

// outage is how many items in a row are too much even alone before it is
// GitHub that has a problem, and not they.
const outage = 3

func (h *halving) do(ctx context.Context, b batch) error {
	if h.alone.Load() >= outage {
		return h.fail(b, errOutage)
	}
	err := h.ask(ctx, b)
	switch {
	case err == nil:
		h.alone.Store(0)
		return nil
	case isFinal(ctx, err):
		return err
	case !isTooMuch(err):
		return h.fail(b, err)
	case len(b.items) == 1:
		h.alone.Add(1)
		return h.fail(b, err)
	}
	half := len(b.items) / 2
	if err := h.do(ctx, batch{b.owner, b.items[:half]}); err != nil {
		return err
	}
	return h.do(ctx, batch{b.owner, b.items[half:]})
}

var errOutage = errors.New("not asked for: GitHub cannot be relied on at the moment")

func (h *halving) fail(b batch, err error) error {
	for _, i := range b.items {
		h.failed(i, err)
	}
	return nil
}

// isFinal reports whether the run ends with this error.
func isFinal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, forge.ErrLimited)
}
