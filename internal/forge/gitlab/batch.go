package gitlab

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// perRequest is how many things of a kind GitLab shows at most, and how many
// one document asks for.
const perRequest = 100

// question is asked about many items, given by their index, as many to a
// document as its complexity allows.
type question struct {
	cost   func(item int) int // complexity
	weight func(item int) int // bytes of the answer; nil where they do not matter
	ask    func(ctx context.Context, items []int) error
	// alone asks about one of them by REST, where GraphQL is refused.
	alone func(ctx context.Context, item int) error
	// failed hears of what cannot be had even alone. As the others it is called
	// by several goroutines, each item by one.
	failed func(item int, err error)
}

// heaviest is how many bytes one document asks for.
const heaviest = 2 << 20

// batches cuts n items into batches, in order. One that is too much for any
// is in one of its own.
func batches(n, budget int, q question) [][]int {
	var all [][]int
	spent, weighed := 0, 0
	for i := range n {
		cost, weight := q.cost(i), 0
		if q.weight != nil {
			weight = q.weight(i)
		}
		last := len(all) - 1
		if last < 0 || len(all[last]) == perRequest || spent+cost > budget || weighed+weight > heaviest {
			all = append(all, nil)
			last++
			spent, weighed = 0, 0
		}
		all[last] = append(all[last], i)
		spent, weighed = spent+cost, weighed+weight
	}
	return all
}

// each asks about n items, several documents at a time. A document that is too
// much is halved, and teaches how much the next may cost. After a few items in
// a row that are too much even alone it is GitLab that fails, and the rest is
// not asked for. The error is the context's, or [forge.ErrLimited].
func (c *Client) each(ctx context.Context, n int, q question) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.opts.Concurrency)
	h := &halving{client: c, question: q}
	for _, items := range batches(n, int(c.budget.Load()), q) {
		group.Go(func() error { return h.do(ctx, items) })
	}
	return group.Wait()
}

// halving is one call of each.
type halving struct {
	client *Client
	question
	outages atomic.Int32 // items in a row that were too much even alone
}

// outage is how many items in a row are too much even alone before it is
// GitLab that has a problem, and not they.
const outage = 3

func (h *halving) do(ctx context.Context, items []int) error {
	if h.outages.Load() >= outage {
		return h.fail(items, errOutage)
	}
	err := h.ask(ctx, items)
	switch {
	case err == nil:
		h.outages.Store(0)
		return nil
	case isFinal(ctx, err):
		return err
	case errors.Is(err, errNoGraphQL):
		return h.one(ctx, items)
	case !isTooMuch(err):
		return h.fail(items, err)
	case len(items) == 1:
		h.outages.Add(1)
		return h.fail(items, err)
	}
	half := len(items) / 2
	var complex *complexityError
	if errors.As(err, &complex) {
		half = h.learn(items, complex)
	}
	if err := h.do(ctx, items[:half]); err != nil {
		return err
	}
	return h.do(ctx, items[half:])
}

// learn takes from a refusal how much a document may cost, and returns how many
// of the items fit one.
func (h *halving) learn(items []int, e *complexityError) int {
	measured := 0
	for _, i := range items {
		measured += h.cost(i)
	}
	budget := budgetAfter(measured, e)
	if int64(budget) < h.client.budget.Load() {
		h.client.budget.Store(int64(budget))
	}
	n, sum := 0, 0
	for n < len(items)-1 && sum+h.cost(items[n]) <= budget {
		sum += h.cost(items[n])
		n++
	}
	return max(n, 1)
}

// one asks about each by REST.
func (h *halving) one(ctx context.Context, items []int) error {
	for _, i := range items {
		err := h.alone(ctx, i)
		switch {
		case err == nil:
		case isFinal(ctx, err):
			return err
		default:
			h.failed(i, err)
		}
	}
	return nil
}

var errOutage = errors.New("not asked for: GitLab cannot be relied on at the moment")

func (h *halving) fail(items []int, err error) error {
	for _, i := range items {
		h.failed(i, err)
	}
	return nil
}

// isFinal reports whether the run ends with this error.
func isFinal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, forge.ErrLimited)
}
