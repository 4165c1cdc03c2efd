package gitlab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// maxTreePages bounds the requests for one commit's files.
const maxTreePages = 1000

// Tree returns the files of a commit by path, submodules and symbolic links
// included, a hundred to a request. GitLab's trees do not tell sizes.
//
// The error wraps [forge.ErrNotFound] where there is no such commit.
func (c *Client) Tree(ctx context.Context, at forge.Commitish) ([]forge.Entry, error) {
	trees := c.Trees(ctx, []forge.Commitish{at})
	return trees[0].Entries, trees[0].Err
}

// Trees does what Tree does for many commits, in their order, some of them to a
// request.
func (c *Client) Trees(ctx context.Context, at []forge.Commitish) []forge.Tree {
	w := &treeWalk{client: c, at: at, trees: make([]forge.Tree, len(at)), after: make([]string, len(at)), open: make([]bool, len(at))}
	err := w.walk(ctx)
	for i := range w.trees {
		t := &w.trees[i]
		if err != nil && w.open[i] {
			t.Err = err
		}
		if t.Err != nil {
			t.Entries, t.Err = nil, fmt.Errorf("read tree: %w", t.Err)
			continue
		}
		slices.SortFunc(t.Entries, func(a, b forge.Entry) int { return cmp.Compare(a.Path, b.Path) })
	}
	return w.trees
}

// treeWalk reads trees page by page.
type treeWalk struct {
	client *Client
	at     []forge.Commitish
	trees  []forge.Tree
	after  []string // where each goes on
	open   []bool   // whether it does
}

func (w *treeWalk) walk(ctx context.Context) error {
	for i, one := range w.at {
		err := checkName(one.Repository.Name)
		if err == nil {
			err = checkID(one.Commit)
		}
		w.trees[i].Err, w.open[i] = err, err == nil
	}
	for range maxTreePages {
		var todo []int
		for i, open := range w.open {
			if open {
				todo = append(todo, i)
			}
		}
		if len(todo) == 0 {
			return nil
		}
		if err := w.round(ctx, todo); err != nil {
			return err
		}
	}
	return fmt.Errorf("it is too large: %d requests did not list it all", maxTreePages)
}

const (
	blobPage   = `blobs(first:100,after:%s){pageInfo{hasNextPage endCursor} nodes{path sha mode}}`
	treeFields = `repository{tree(ref:%s,recursive:true){submodules(first:100){pageInfo{hasNextPage} nodes{path sha}} ` + blobPage + `}}`
	moreFields = `repository{tree(ref:%s,recursive:true){` + blobPage + `}}`
)

// round reads one page of each.
func (w *treeWalk) round(ctx context.Context, todo []int) error {
	first, more := 1+complexity(treeFields), 1+complexity(moreFields)
	return w.client.each(ctx, len(todo), question{
		cost: func(item int) int {
			if w.after[todo[item]] == "" {
				return first
			}
			return more
		},
		failed: func(item int, err error) { w.fail(todo[item], err) },
		alone:  func(ctx context.Context, item int) error { return w.restTree(ctx, todo[item]) },
		ask:    func(ctx context.Context, items []int) error { return w.ask(ctx, items, todo) },
	})
}

func (w *treeWalk) fail(i int, err error) { w.trees[i].Err, w.open[i] = err, false }

type treeEntries struct {
	PageInfo pageInfo
	Nodes    []struct{ Path, SHA, Mode string }
}

type treeNode struct {
	Repository *struct {
		Tree *struct {
			Submodules treeEntries
			Blobs      *treeEntries
		}
	}
}

func (w *treeWalk) ask(ctx context.Context, items, todo []int) error {
	doc := newDocument()
	for _, item := range items {
		i := todo[item]
		fields := treeFields
		if w.after[i] != "" {
			fields = moreFields
		}
		doc.project(item, w.at[i].Repository.Name, fields, doc.variable("String", w.at[i].Commit), doc.variable("String", orNull(w.after[i])))
	}
	answers, err := askAll[treeNode](ctx, w.client, items, doc)
	if err != nil {
		return err
	}
	for _, item := range items {
		i, answer := todo[item], answers[item]
		if err := w.client.problem(answer.Value == nil || answer.Value.Repository == nil, answer.Refuse); err != nil {
			w.fail(i, err)
			continue
		}
		err := w.take(i, answer.Value)
		switch {
		case errors.Is(err, errMany):
			err = w.restTree(ctx, i)
		case errors.Is(err, errEmpty):
			err = w.restCommit(ctx, i)
		}
		if err != nil && isFinal(ctx, err) {
			return err
		}
		if err != nil {
			w.fail(i, err)
		}
	}
	return nil
}

var (
	errMany  = errors.New("more submodules than are shown")
	errEmpty = errors.New("nothing in it") // or no such commit: GitLab shows both alike
)

// take takes a page of a tree.
func (w *treeWalk) take(i int, n *treeNode) error {
	tree := n.Repository.Tree
	switch {
	case tree == nil:
		return errEmpty
	case tree.Blobs == nil:
		return halfError()
	case tree.Submodules.PageInfo.HasNextPage:
		return errMany
	case w.after[i] == "" && len(tree.Blobs.Nodes)+len(tree.Submodules.Nodes) == 0:
		return errEmpty
	}
	for _, e := range tree.Submodules.Nodes {
		w.add(i, e.Path, "160000", e.SHA)
	}
	for _, e := range tree.Blobs.Nodes {
		w.add(i, e.Path, e.Mode, e.SHA)
	}
	next := tree.Blobs.PageInfo
	if next.HasNextPage && (next.EndCursor == "" || next.EndCursor == w.after[i]) {
		return halfError()
	}
	w.open[i], w.after[i] = next.HasNextPage, next.EndCursor
	return nil
}

func (w *treeWalk) add(i int, path, mode, id string) {
	w.trees[i].Entries = append(w.trees[i].Entries, forge.Entry{Path: path, Mode: mode, Blob: id})
}

// restCommit looks whether a commit is there whose tree has nothing in it.
func (w *treeWalk) restCommit(ctx context.Context, i int) error {
	w.open[i] = false
	id, err := project(w.at[i].Repository)
	if err != nil {
		return err
	}
	if _, resp, err := w.client.rest.Commits.GetCommit(id, w.at[i].Commit, nil, reading(ctx)); err != nil {
		return fmt.Errorf("commit %s: %w", w.at[i].Commit, w.client.restError(resp, err))
	}
	return nil
}

// restTree reads a tree to its end, a hundred entries to a request.
func (w *treeWalk) restTree(ctx context.Context, i int) error {
	w.open[i], w.trees[i].Entries = false, nil
	id, err := project(w.at[i].Repository)
	if err != nil {
		return err
	}
	options := &rest.ListTreeOptions{
		ListOptions: rest.ListOptions{Pagination: "keyset", PerPage: perRequest}, Ref: &w.at[i].Commit, Recursive: rest.Ptr(true),
	}
	next := ""
	for range maxTreePages {
		part, resp, err := w.client.rest.Repositories.ListTree(id, options, reading(ctx), after(&next))
		if err != nil {
			return w.client.restError(resp, err)
		}
		for _, e := range part {
			if e.Type != "tree" {
				w.add(i, e.Path, e.Mode, e.ID)
			}
		}
		if resp.NextLink == "" || resp.NextLink == next {
			return nil
		}
		next = resp.NextLink
	}
	return fmt.Errorf("it is too large: %d requests did not list it all", maxTreePages)
}
