package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// What is here asks by REST what GraphQL is asked otherwise: one project after
// the other.

// bodyOf returns the body of an answer, read or not.
func bodyOf(resp *rest.Response) []byte {
	if resp == nil || resp.Response == nil {
		return nil
	}
	return attempt.Body(resp.Response)
}

// isMissing reports whether an answer is a 404 for want of that kind of thing,
// and not of what it belongs to.
func isMissing(resp *rest.Response, kind string) bool {
	return resp != nil && resp.Response != nil && resp.StatusCode == http.StatusNotFound && strings.Contains(strings.ToLower(saidIn(bodyOf(resp))), kind+" not found")
}

// restGroup lists a group's projects. GitLab pages these, and a user's, by
// number only.
func (c *Client) restGroup(ctx context.Context, l projectList, prefix string, found *finds) error {
	options := &rest.ListGroupProjectsOptions{ListOptions: rest.ListOptions{PerPage: perRequest, Page: 1, OrderBy: "id", Sort: "asc"},
		IncludeSubGroups: rest.Ptr(true), WithShared: rest.Ptr(false)}
	return c.restPages(ctx, l, prefix, found, func(*string) ([]*rest.Project, *rest.Response, error) {
		part, resp, err := c.rest.Groups.ListGroupProjects(l.path, options, listing(ctx))
		options.Page++
		return part, resp, err
	})
}

func (c *Client) restUser(ctx context.Context, l projectList, prefix string, found *finds) error {
	options := &rest.ListProjectsOptions{ListOptions: rest.ListOptions{PerPage: perRequest, Page: 1, OrderBy: "id", Sort: "asc"}}
	return c.restPages(ctx, l, prefix, found, func(*string) ([]*rest.Project, *rest.Response, error) {
		part, resp, err := c.rest.Projects.ListUserProjects(l.path, options, listing(ctx))
		options.Page++
		return part, resp, err
	})
}

func (c *Client) restMember(ctx context.Context, l projectList, prefix string, found *finds) error {
	options := &rest.ListProjectsOptions{ListOptions: keyset(), Membership: rest.Ptr(true)}
	return c.restPages(ctx, l, prefix, found, func(next *string) ([]*rest.Project, *rest.Response, error) {
		return c.rest.Projects.ListProjects(options, listing(ctx), after(next))
	})
}

// keyset pages by where the last page ended, which has no end at 50,000.
func keyset() rest.ListOptions {
	return rest.ListOptions{Pagination: "keyset", OrderBy: "id", Sort: "asc", PerPage: perRequest}
}

// after goes on where an answer's link says; only its query is used.
func after(next *string) rest.RequestOptionFunc {
	if *next == "" {
		return nil
	}
	return rest.WithKeysetPaginationParameters(*next)
}

// restPages reads pages to their end and looks each project up.
func (c *Client) restPages(ctx context.Context, l projectList, prefix string, found *finds, read func(next *string) ([]*rest.Project, *rest.Response, error)) error {
	if err := c.restKnow(ctx); err != nil && isFinal(ctx, err) {
		return err
	}
	next := ""
	for range maxPages {
		part, resp, err := read(&next)
		switch {
		case err != nil && isFinal(ctx, err):
			return bare(err)
		case err != nil:
			found.skip(l.of, fmt.Errorf("list its projects: %w", c.restError(resp, err)))
			return nil
		}
		for _, p := range part {
			r := restProject(p)
			if err := c.complete(ctx, &r, prefix); err != nil {
				if isFinal(ctx, err) {
					return err
				}
				found.skip(r.Name, err)
				continue
			}
			found.add(r, false)
		}
		if resp.NextLink == "" && resp.NextPage == 0 || resp.NextLink != "" && resp.NextLink == next {
			return nil
		}
		next = resp.NextLink
	}
	found.skip(l.of, fmt.Errorf("its list does not end: %d pages were read", maxPages))
	return nil
}

// restKnow makes sure that the account is known before anything is ours.
func (c *Client) restKnow(ctx context.Context) error {
	_, err := c.Account(ctx)
	return err
}

func restProject(p *rest.Project) forge.Repository {
	r := forge.Repository{
		ID: strconv.Itoa(p.ID), Name: p.PathWithNamespace, DefaultBranch: p.DefaultBranch, Archived: p.Archived,
		Fork: p.ForkedFromProject != nil, Private: p.Visibility != rest.PublicVisibility, Topics: p.Topics,
		Lock: lock(p.MarkedForDeletionAt != nil, p.RepositoryAccessLevel == rest.DisabledAccessControl),
	}
	r.Locked = r.Lock != ""
	if p.Statistics != nil {
		r.Size = p.Statistics.RepositorySize / 1024
	}
	if len(r.Topics) == 0 {
		r.Topics = nil
	}
	return r
}

// complete adds the head of the default branch, and the branches under the
// prefix.
func (c *Client) complete(ctx context.Context, r *forge.Repository, prefix string) error {
	if r.DefaultBranch != "" && !r.Locked {
		head, err := c.head(ctx, *r, r.DefaultBranch)
		if err != nil {
			return err
		}
		r.Head = head
	}
	if r.Head == "" {
		r.DefaultBranch = ""
		return nil
	}
	return c.restBranches(ctx, r, prefix)
}

// restBranches gives a repository its branches with their open merge requests:
// all of them, so that it is no longer partial.
func (c *Client) restBranches(ctx context.Context, r *forge.Repository, prefix string) error {
	if prefix == "" {
		return nil
	}
	all, err := c.listBranches(ctx, *r, prefix)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].Pull, err = c.restPullOf(ctx, forge.Ref{Repository: *r, Branch: all[i].Name}); err != nil {
			return err
		}
	}
	r.Branches, r.Partial = all, false
	return nil
}

// restNamed looks a project up by its name. GitLab sends those who ask for an
// old name on to the new one.
func (c *Client) restNamed(ctx context.Context, name string) (*forge.Repository, error) {
	if err := c.restKnow(ctx); err != nil && isFinal(ctx, err) {
		return nil, err
	}
	p, resp, err := c.rest.Projects.GetProject(name, nil, reading(ctx))
	if err != nil {
		return nil, c.restError(resp, err)
	}
	r := restProject(p)
	if err := checkRenamed(name, r.Name); err != nil {
		return nil, err
	}
	return &r, c.complete(ctx, &r, "")
}

// restBranch returns a branch with its open merge request; nil for none.
func (c *Client) restBranch(ctx context.Context, ref forge.Ref) (*forge.Branch, error) {
	if err := c.restKnow(ctx); err != nil {
		return nil, err
	}
	b, err := c.branch(ctx, ref.Repository, ref.Branch)
	if err != nil || b == nil {
		return nil, err
	}
	a := c.knownAccount()
	return &forge.Branch{Name: ref.Branch, Head: forge.Commit{
		ID: b.Commit.ID, Parents: b.Commit.ParentIDs, Mine: a.made(b.Commit.AuthorEmail, b.Commit.CommitterEmail, b.Commit.CommitterName),
	}}, nil
}
