package gitlab

import (
	"cmp"
	"context"
	"fmt"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

const (
	maxPullPages = 100 // bounds the requests for one project's merge requests
	firstPulls   = 20  // on the first page; the others have a hundred
)

// pullWalk reads the merge requests of many projects, page by page.
type pullWalk struct {
	client       *Client
	repositories []forge.Repository
	which        string // arguments of the connection: which ones in what order
	fields       string // of each
	rest         rest.ListProjectMergeRequestsOptions
	// take gets each in order and says whether those that follow are not wanted.
	// It is called by several goroutines, for each project by one.
	take func(project int, n *pullNode) (ended bool)

	after  []string // where each project's list goes on
	open   []bool   // whether it does
	failed []error
}

// walk reads all lists to their end. The error is the context's,
// [forge.ErrLimited], or a [forge.IncompleteError].
func (w *pullWalk) walk(ctx context.Context) error {
	n := len(w.repositories)
	w.after, w.open, w.failed = make([]string, n), make([]bool, n), make([]error, n)
	for i, r := range w.repositories {
		w.failed[i] = checkName(r.Name)
		w.open[i] = w.failed[i] == nil
	}
	for page := range maxPullPages {
		size := perRequest
		if page == 0 {
			size = firstPulls
		}
		if err := w.round(ctx, size); err != nil {
			return err
		}
	}
	for i, open := range w.open {
		if open {
			w.failed[i] = fmt.Errorf("there are more than %d pages of a hundred merge requests", maxPullPages)
		}
	}
	return w.incomplete()
}

// round reads one page of each list that goes on.
func (w *pullWalk) round(ctx context.Context, size int) error {
	var todo []int
	for i, open := range w.open {
		if open {
			todo = append(todo, i)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	field := fmt.Sprintf("mergeRequests(first:%d,after:%%s,%s){pageInfo{hasNextPage endCursor} nodes{%s}}", size, w.which, w.fields)
	cost := 1 + complexity(field)
	return w.client.each(ctx, len(todo), question{
		cost:   func(int) int { return cost },
		failed: func(item int, err error) { w.fail(todo[item], err) },
		alone:  func(ctx context.Context, item int) error { return w.restList(ctx, todo[item]) },
		ask:    func(ctx context.Context, items []int) error { return w.ask(ctx, items, todo, field) },
	})
}

func (w *pullWalk) fail(i int, err error) { w.failed[i], w.open[i] = err, false }

func (w *pullWalk) ask(ctx context.Context, items, todo []int, field string) error {
	doc := newDocument()
	for _, item := range items {
		i := todo[item]
		doc.project(item, w.repositories[i].Name, field, doc.variable("String", orNull(w.after[i])))
	}
	answers, err := askAll[struct{ MergeRequests *pullPage }](ctx, w.client, items, doc)
	if err != nil {
		return err
	}
	for _, item := range items {
		i, answer := todo[item], answers[item]
		if err := w.client.problem(answer.Value == nil, answer.Refuse); err != nil {
			w.fail(i, err)
			continue
		}
		w.takePage(i, answer.Value.MergeRequests)
	}
	return nil
}

// takePage takes a page of a project's list; there is none where it has no
// merge requests for the token.
func (w *pullWalk) takePage(i int, list *pullPage) {
	if list == nil {
		w.fail(i, fmt.Errorf("%w: the token cannot see its merge requests", forge.ErrDenied))
		return
	}
	for _, n := range list.Nodes {
		if n == nil || n.number() == 0 {
			w.fail(i, halfError())
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
		w.fail(i, fmt.Errorf("its list cannot be read on: %w", halfError()))
	}
	w.after[i] = next.EndCursor
}

// restList reads a project's list to its end.
func (w *pullWalk) restList(ctx context.Context, i int) error {
	w.open[i] = false
	id, err := project(w.repositories[i])
	if err != nil {
		return err
	}
	options := w.rest
	options.ListOptions = rest.ListOptions{PerPage: perRequest, Page: 1}
	for ; options.Page <= maxPullPages; options.Page++ {
		part, resp, err := w.client.rest.MergeRequests.ListProjectMergeRequests(id, &options, reading(ctx))
		if err != nil {
			return w.client.restError(resp, err)
		}
		for _, m := range part {
			if w.take(i, nodeOf(m)) {
				return nil
			}
		}
		if len(part) < perRequest {
			return nil
		}
	}
	return fmt.Errorf("there are more than %d pages of a hundred merge requests", maxPullPages)
}

// incomplete returns an error that names the projects that failed; nil for
// none.
func (w *pullWalk) incomplete() error {
	var skipped []forge.Skipped
	for i, err := range w.failed {
		if err != nil {
			name := w.repositories[i].Name
			skipped = append(skipped, forge.Skipped{Name: cmp.Or(name, "a project without a name"), Err: err})
		}
	}
	if len(skipped) == 0 {
		return nil
	}
	return &forge.IncompleteError{Skipped: skipped}
}
