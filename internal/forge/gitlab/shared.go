package gitlab

import (
	"context"
	"fmt"
	"strings"

	rest "github.com/xanzy/go-gitlab"
)

// maxSharedPages bounds a group's list: GitLab ends such lists at 50,000.
const maxSharedPages = 500

// listShared lists the projects of others that are shared with a group. GraphQL
// does not tell of them; REST lists them among the group's own.
func (c *Client) listShared(ctx context.Context, path, prefix string, found *finds) error {
	options := &rest.ListGroupProjectsOptions{
		ListOptions:      rest.ListOptions{PerPage: perRequest, Page: 1, OrderBy: "id", Sort: "asc"},
		IncludeSubGroups: rest.Ptr(true), WithShared: rest.Ptr(true), Simple: rest.Ptr(true),
	}
	var names []string
	for ; options.Page <= maxSharedPages; options.Page++ {
		part, resp, err := c.rest.Groups.ListGroupProjects(path, options, listing(ctx))
		if err != nil {
			err = c.restError(resp, err)
			if isFinal(ctx, err) {
				return err
			}
			found.skip(path, fmt.Errorf("list what is shared with it: %w", err))
			return nil
		}
		for _, p := range part {
			if !strings.HasPrefix(strings.ToLower(p.PathWithNamespace), strings.ToLower(path)+"/") {
				names = append(names, p.PathWithNamespace)
			}
		}
		if len(part) < perRequest {
			break
		}
	}
	return c.listNames(ctx, names, prefix, found)
}
