package github

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	rest "github.com/google/go-github/v60/github"
	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// maxTrees bounds the requests for one commit's files, where it has too many
// for one.
const maxTrees = 200

// Tree returns the files of a commit by path, submodules and symbolic links
// included: one request. A tree of more than a hundred thousand entries, or
// seven megabytes, is read directory by directory.
//
// The error wraps [forge.ErrNotFound] where there is no such commit.
func (c *Client) Tree(ctx context.Context, at forge.Commitish) ([]forge.Entry, error) {
	owner, name, err := split(at.Repository.Name)
	if err == nil {
		err = checkID(at.Commit)
	}
	if err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	w := &treeWalk{client: c, owner: owner, name: name, left: maxTrees}
	if err := w.read(reading(ctx, owner), "", at.Commit); err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	slices.SortFunc(w.entries, func(a, b forge.Entry) int { return cmp.Compare(a.Path, b.Path) })
	return w.entries, nil
}

// Trees does what Tree does for many commits, in their order.
func (c *Client) Trees(ctx context.Context, at []forge.Commitish) []forge.Tree {
	all := make([]forge.Tree, len(at))
	var group errgroup.Group
	group.SetLimit(2 * c.opts.Concurrency)
	for i, one := range at {
		group.Go(func() error {
			all[i].Entries, all[i].Err = c.Tree(ctx, one)
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	return all
}

// treeWalk reads a tree that may be too large for one request.
type treeWalk struct {
	client      *Client
	owner, name string
	left        int // requests
	entries     []forge.Entry
}

// read reads the tree at dir, which ends in a slash or is empty: all of it,
// or, where that is cut short, itself and then each tree in it.
func (w *treeWalk) read(ctx context.Context, dir, id string) error {
	whole, err := w.get(ctx, id, true)
	if err != nil {
		return err
	}
	if !whole.GetTruncated() {
		w.take(dir, whole)
		return nil
	}
	own, err := w.get(ctx, id, false)
	if err != nil {
		return err
	}
	if own.GetTruncated() {
		return fmt.Errorf("the directory %q alone has more entries than GitHub lists", dir)
	}
	w.take(dir, own)
	for _, e := range own.Entries {
		if e.GetType() != "tree" {
			continue
		}
		if err := checkID(e.GetSHA()); err != nil {
			return err
		}
		if err := w.read(ctx, dir+e.GetPath()+"/", e.GetSHA()); err != nil {
			return err
		}
	}
	return nil
}

func (w *treeWalk) get(ctx context.Context, id string, recursive bool) (*rest.Tree, error) {
	if w.left--; w.left < 0 {
		return nil, fmt.Errorf("it is too large: %d requests did not list it all", maxTrees)
	}
	tree, resp, err := w.client.rest.Git.GetTree(ctx, w.owner, w.name, id, recursive)
	if err != nil {
		return nil, restError(w.client.who(), resp, err)
	}
	if tree.GetSHA() == "" { // it is no tree, however empty
		return nil, halfError(false)
	}
	return tree, nil
}

// take keeps the files of a tree.
func (w *treeWalk) take(dir string, tree *rest.Tree) {
	w.entries = slices.Grow(w.entries, len(tree.Entries))
	for _, e := range tree.Entries {
		if e.GetType() == "tree" {
			continue
		}
		w.entries = append(w.entries, forge.Entry{Path: dir + e.GetPath(), Mode: e.GetMode(), Blob: e.GetSHA(), Size: int64(e.GetSize())})
	}
}
