package github

import (
	"context"
	"errors"
	"fmt"
	"strings"

	rest "github.com/google/go-github/v60/github"

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
	app := withCall(ctx, call{app: true})
	options := &rest.ListOptions{PerPage: perRequest}
	var owners []string
	suspended := 0
	for {
		part, resp, err := c.rest.Apps.ListInstallations(app, options)
		if err != nil {
			if isFinal(ctx, err) {
				return bare(err)
			}
			found.skip("the App", fmt.Errorf("list its installations: %w", restError(appKey, resp, err)))
			return nil
		}
		for _, one := range part {
			owner := one.GetAccount().GetLogin()
			if one.SuspendedAt != nil {
				suspended++
				found.skip(owner, fmt.Errorf("%w: the App's installation is suspended", forge.ErrDenied))
				continue
			}
			c.apps.learn(owner, one.GetID())
			owners = append(owners, owner)
		}
		if resp.NextPage <= options.Page {
			break
		}
		options.Page = resp.NextPage
	}
	if len(owners)+suspended == 0 {
		found.skip("the App", errNoInstallations)
	}
	for _, owner := range owners {
		if err := c.listInstallation(ctx, owner, owner, prefix, found); err != nil {
			return err
		}
	}
	return nil
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
