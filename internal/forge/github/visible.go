package github

import (
	"context"
	"errors"
	"fmt"
	"strings"

	rest "github.com/google/go-github/v60/github"
	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// listVisible lists all that the credentials were given: the repositories of
// each of the App's installations, those of the installation that the token is
// of, or those of the user whose token it is.
func (c *Client) listVisible(ctx context.Context, prefix string, found *finds) error {
	if c.apps != nil {
		return c.listInstallations(ctx, prefix, found)
	}
	account, err := c.Account(ctx)
	switch {
	case err != nil && isFinal(ctx, err):
		return err
	case err != nil:
		found.skip("the token", err)
		return nil
	case account.Kind != forge.Person:
		return c.listInstallation(ctx, "", "the installation", prefix, found)
	}
	const whose = "affiliations:[OWNER,COLLABORATOR,ORGANIZATION_MEMBER],ownerAffiliations:[OWNER,COLLABORATOR,ORGANIZATION_MEMBER]"
	return c.list(ctx, listing{of: account.Login, field: "viewer", arguments: whose}, prefix, found)
}

// listInstallations goes through the accounts that have installed the App.
func (c *Client) listInstallations(ctx context.Context, prefix string, found *finds) error {
	installed, err := c.installations(ctx)
	switch {
	case err != nil && isFinal(ctx, err):
		return err
	case err != nil:
		found.skip("the App", err)
		return nil
	case len(installed) == 0:
		found.skip("the App", errNoInstallations)
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.opts.Concurrency)
	for _, one := range installed {
		owner := one.GetAccount().GetLogin()
		if one.SuspendedAt != nil {
			found.skip(owner, fmt.Errorf("%w: the App's installation is suspended", forge.ErrDenied))
			continue
		}
		c.apps.learn(owner, one.GetID())
		group.Go(func() error {
			if one.GetRepositorySelection() == "all" {
				return c.listOwner(ctx, owner, prefix, found)
			}
			return c.listInstallation(ctx, owner, owner, prefix, found)
		})
	}
	return group.Wait()
}

// installations returns where the App is installed.
func (c *Client) installations(ctx context.Context) ([]*rest.Installation, error) {
	ctx = withCall(ctx, call{app: true})
	options := &rest.ListOptions{PerPage: perRequest}
	var all []*rest.Installation
	for {
		part, resp, err := c.rest.Apps.ListInstallations(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("list its installations: %w", restError(appKey, resp, err))
		}
		all = append(all, part...)
		if resp.NextPage <= options.Page {
			return all, nil
		}
		options.Page = resp.NextPage
	}
}

// listInstallation lists the repositories of one installation: REST knows
// which they are, GraphQL the rest.
func (c *Client) listInstallation(ctx context.Context, owner, of, prefix string, found *finds) error {
	var ids, names []string
	options := &rest.ListOptions{PerPage: perRequest}
	for {
		part, resp, err := c.rest.Apps.ListRepos(reading(ctx, owner), options)
		if err != nil {
			if isFinal(ctx, err) {
				return bare(err)
			}
			found.skip(of, fmt.Errorf("list its repositories: %w", restError(c.who(), resp, err)))
			return nil
		}
		for _, one := range part.Repositories {
			ids, names = append(ids, one.GetNodeID()), append(names, one.GetFullName())
		}
		if resp.NextPage <= options.Page {
			break
		}
		options.Page = resp.NextPage
	}
	return c.listNodes(ctx, owner, ids, names, prefix, found)
}

// listNodes looks repositories up by id, a hundred to a request.
func (c *Client) listNodes(ctx context.Context, owner string, ids, names []string, prefix string, found *finds) error {
	ask := func(ctx context.Context, b batch) error {
		variables := map[string]any{}
		doc := newDocument(prefixVariables(prefix, variables), variables)
		for _, i := range b.items {
			doc.field(i, "node(id:%s){...on Repository{"+escapePercent(repositoryFields(prefix))+"}}", doc.variable("ID!", ids[i]))
		}
		answers, err := askAll[repositoryNode](ctx, c, b, doc)
		if err != nil {
			return err
		}
		for _, i := range b.items {
			answer := answers[i]
			if answer.Value != nil && answer.Value.ID == "" {
				answer.Value = nil
			}
			if answer.Value != nil { // by whatever name
				names[i] = answer.Value.NameWithOwner
			}
			c.takeNamed(names[i], answer, found)
		}
		return nil
	}
	failed := func(i int, err error) { found.skip(names[i], err) }
	all := c.batches(len(ids), func(int) string { return owner }, perRequest, weightless, 0)
	return c.each(ctx, all, ask, failed)
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }

func escapePercent(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// errNoInstallations is for an App that nobody has installed.
var errNoInstallations = errors.New("the App is not installed anywhere: install it for an organization or a user")
