package github

import (
	"context"
	"fmt"
	"slices"

	rest "github.com/google/go-github/v60/github"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// mostChanged is how many files of a pull request GitHub lists at most.
const mostChanged = 3000

// ChangedFiles returns the paths that a pull request changes, in order: of a
// file that got another name, both. A hundred come with a request.
//
// They are all there, or there is an error: GitHub lists no more than 3,000. It
// wraps [forge.ErrNotFound] where there is no such pull request.
func (c *Client) ChangedFiles(ctx context.Context, repository forge.Repository, number int) ([]string, error) {
	files, err := c.changedFiles(ctx, repository, number)
	if err != nil {
		return nil, fmt.Errorf("list changed files: %w", err)
	}
	var paths []string
	for _, f := range files {
		if f.GetFilename() == "" {
			return nil, fmt.Errorf("list changed files: %w", halfError(false))
		}
		paths = append(paths, f.GetFilename())
		if before := f.GetPreviousFilename(); before != "" {
			paths = append(paths, before)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

func (c *Client) changedFiles(ctx context.Context, repository forge.Repository, number int) ([]*rest.CommitFile, error) {
	owner, name, err := split(repository.Name)
	if err != nil {
		return nil, err
	}
	if number < 1 {
		return nil, fmt.Errorf("%d is no pull request's number", number)
	}
	options := &rest.ListOptions{PerPage: perRequest}
	var all []*rest.CommitFile
	for {
		part, resp, err := c.rest.PullRequests.ListFiles(reading(ctx, owner), owner, name, number, options)
		if err != nil {
			return nil, restError(c.who(), resp, err)
		}
		all = append(all, part...)
		switch {
		case len(all) >= mostChanged:
			return nil, fmt.Errorf("GitHub lists no more than %d, so these may not be all", mostChanged)
		case resp.NextPage == 0:
			return all, nil
		case resp.NextPage <= options.Page || len(part) == 0:
			return nil, halfError(false)
		}
		options.Page = resp.NextPage
	}
}
