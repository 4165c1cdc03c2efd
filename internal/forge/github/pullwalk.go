package github

import (
	"cmp"
	"context"
	"fmt"

	"github.com/basekeeper/basekeeper/internal/forge"
)

const (
	// maxPullPages bounds the requests for one repository's pull requests.
	maxPullPages = 100
	// furtherPulls is how many repositories go into a request for further
	// pages, each of which may show a hundred pull requests.
	furtherPulls = 10
)

// pullWalk reads the pull requests of many repositories, page by page.
type pullWalk struct {
	client       *Client
	repositories []forge.Repository
	which        string // arguments of the connection: which ones in what order
	fields       string // of each
	first        int    // how many the first page has; the others have a hundred
	// take gets each in order and says whether those that follow are not wanted.
	// It is called by several goroutines, for each repository by one.
	take func(repository int, n *listedPull) (ended bool)

	after  []string // where each repository's list goes on
	open   []bool   // whether it does
	failed []error
}

type pullPage struct {
	PullRequests *struct {
		PageInfo pageInfo
		Nodes    []*listedPull
	}
}

// walk reads all lists to their end. The error is the context's,
// [forge.ErrLimited], or a [forge.IncompleteError].
func (w *pullWalk) walk(ctx context.Context) error {
	n := len(w.repositories)
	w.after, w.open, w.failed = make([]string, n), make([]bool, n), make([]error, n)
	for i, r := range w.repositories {
		_, _, w.failed[i] = split(r.Name)
		w.open[i] = w.failed[i] == nil
	}
	for page := range maxPullPages {
		size, together := perRequest, furtherPulls
		if page == 0 {
			size, together = w.first, perRequest
		}
		if err := w.round(ctx, size, together); err != nil {
			return err
		}
	}
	for i, open := range w.open {
		if open {
			w.failed[i] = fmt.Errorf("there are more than %d pages of a hundred pull requests", maxPullPages)
		}
	}
	return w.incomplete()
}

// round reads one page of each list that goes on.
func (w *pullWalk) round(ctx context.Context, size, together int) error {
	var todo []int
	for i, open := range w.open {
		if open {
			todo = append(todo, i)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	owner := func(i int) string { return nameOf(w.repositories[todo[i]]) }
	failed := func(i int, err error) { w.fail(todo[i], err) }
	ask := func(ctx context.Context, b batch) error { return w.ask(ctx, b, todo, size) }
	return w.client.each(ctx, w.client.batches(len(todo), owner, together, weightless, 0), ask, failed)
}

func (w *pullWalk) fail(i int, err error) { w.failed[i], w.open[i] = err, false }

func (w *pullWalk) ask(ctx context.Context, b batch, todo []int, size int) error {
	doc := newDocument("$first:Int!", map[string]any{"first": size})
	for _, item := range b.items {
		i := todo[item]
		owner, name, _ := split(w.repositories[i].Name)
		after := ""
		if w.after[i] != "" {
			after = ",after:" + doc.variable("String", w.after[i])
		}
		doc.field(item, "repository(owner:%s,name:%s){pullRequests(first:$first%s,"+w.which+"){pageInfo{hasNextPage endCursor} nodes{"+w.fields+"}}}",
			doc.variable("String!", owner), doc.variable("String!", name), after)
	}
	answers, err := askAll[pullPage](ctx, w.client, b, doc)
	if err != nil {
		return err
	}
	for _, item := range b.items {
		i, answer := todo[item], answers[item]
		switch {
		case answer.Refuse != nil:
			w.fail(i, answer.Refuse)
		case answer.Value == nil:
			w.fail(i, fmt.Errorf("%w, or hidden from %s", forge.ErrNotFound, w.client.who()))
		default:
			w.takePage(i, answer.Value)
		}
	}
	return nil
}

// takePage takes a page of a repository's list.
func (w *pullWalk) takePage(i int, p *pullPage) {
	list := p.PullRequests
	if list == nil {
		w.fail(i, halfError(false))
		return
	}
	for _, n := range list.Nodes {
		if n == nil || n.Number == 0 {
			w.fail(i, halfError(false))
			return
		}
		if w.take(i, n) {
			w.open[i] = false
			return
		}
	}
	next := list.PageInfo
	switch {
	case !next.HasNextPage:
		w.open[i] = false
	case next.EndCursor == "" || next.EndCursor == w.after[i]:
		w.fail(i, fmt.Errorf("its list cannot be read on: %w", halfError(false)))
	}
	w.after[i] = next.EndCursor
}

// incomplete returns an error that names the repositories that failed; nil for
// none.
func (w *pullWalk) incomplete() error {
	var skipped []forge.Skipped
	for i, err := range w.failed {
		if err != nil {
			name := w.repositories[i].Name
			skipped = append(skipped, forge.Skipped{Name: cmp.Or(name, "a repository without a name"), Err: err})
		}
	}
	if len(skipped) == 0 {
		return nil
	}
	return &forge.IncompleteError{Skipped: skipped}
}
