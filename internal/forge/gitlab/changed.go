package gitlab

import (
	"context"
	"fmt"
	"slices"
	"strings"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

const (
	// suspicious is from how many changed files on GitLab may have left some
	// out; installations can be set to more.
	suspicious     = 1000
	maxChangePages = 40
)

// ChangedFiles returns the paths that a merge request changes, in order: of a
// file that got another name, both. A hundred come with a request.
//
// They are all there, or there is an error: GitLab does not list them all where
// they are more than an installation's limit, a thousand at least. It wraps
// [forge.ErrNotFound] where there is no such merge request.
func (c *Client) ChangedFiles(ctx context.Context, repository forge.Repository, number int) ([]string, error) {
	paths, err := c.changedFiles(ctx, repository, number)
	if err != nil {
		return nil, fmt.Errorf("list changed files: %w", err)
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

func (c *Client) changedFiles(ctx context.Context, repository forge.Repository, number int) ([]string, error) {
	id, err := project(repository)
	if err != nil {
		return nil, err
	}
	if number < 1 {
		return nil, fmt.Errorf("%d is no merge request's number", number)
	}
	var paths []string
	files := 0
	options := &rest.ListMergeRequestDiffsOptions{ListOptions: rest.ListOptions{PerPage: perRequest, Page: 1}}
	for ; options.Page <= maxChangePages; options.Page++ {
		part, resp, err := c.rest.MergeRequests.ListMergeRequestDiffs(id, number, options, reading(ctx))
		if err != nil {
			return nil, c.restError(resp, err)
		}
		for _, f := range part {
			if f.NewPath == "" && f.OldPath == "" {
				return nil, halfError()
			}
			paths = append(paths, f.NewPath, f.OldPath)
		}
		if files += len(part); len(part) < perRequest {
			return slices.DeleteFunc(paths, func(p string) bool { return p == "" }), c.checkAll(ctx, id, number, files)
		}
	}
	return nil, fmt.Errorf("more than %d", maxChangePages*perRequest)
}

// checkAll asks whether so many files are all of them.
func (c *Client) checkAll(ctx context.Context, id any, number, files int) error {
	if files < suspicious {
		return nil
	}
	m, resp, err := c.rest.MergeRequests.GetMergeRequest(id, number, nil, reading(ctx))
	if err != nil {
		return c.restError(resp, err)
	}
	if strings.HasSuffix(m.ChangesCount, "+") || m.Overflow {
		return fmt.Errorf("GitLab lists no more than %d, so these may not be all", files)
	}
	return nil
}
