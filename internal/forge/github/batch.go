package github

import (
	"context"
	"errors"

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
// several goroutines, each item by one. The error is the context's, or
// [forge.ErrLimited].
func (c *Client) each(ctx context.Context, all []batch, ask func(context.Context, batch) error, failed func(int, error)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.opts.Concurrency)
	for _, b := range all {
		group.Go(func() error { return halved(ctx, b, ask, failed) })
	}
	return group.Wait()
}

func halved(ctx context.Context, b batch, ask func(context.Context, batch) error, failed func(int, error)) error {
	err := ask(ctx, b)
	switch {
	case err == nil:
		return nil
	case isFinal(ctx, err):
		return err
	case !isTooMuch(err) || len(b.items) == 1:
		for _, i := range b.items {
			failed(i, err)
		}
		return nil
	}
	half := len(b.items) / 2
	if err := halved(ctx, batch{b.owner, b.items[:half]}, ask, failed); err != nil {
		return err
	}
	return halved(ctx, batch{b.owner, b.items[half:]}, ask, failed)
}

// isFinal reports whether the run ends with this error.
func isFinal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, forge.ErrLimited)
}
