package github

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// listing is a connection of repositories that is read page by page.
type listing struct {
	of        string // what is listed, for the skipped: an owner's login
	owner     string // whose token is used
	field     string // in the query: repositoryOwner(login:$owner), viewer
	arguments string // of its repositories
	declared  string
	variables map[string]any
}

type listingPage struct {
	Viewer viewer
	List   json.RawMessage // null for nobody, absent in half an answer
}

type listed struct {
	Repositories *struct {
		PageInfo pageInfo
		Nodes    []*repositoryNode
	}
}

// listOwner lists the repositories of an organization or a user.
func (c *Client) listOwner(ctx context.Context, owner, prefix string, found *finds) error {
	return c.list(ctx, listing{
		of: owner, owner: owner,
		field: "repositoryOwner(login:$owner)", arguments: "ownerAffiliations:[OWNER]",
		declared: ",$owner:String!", variables: map[string]any{"owner": owner},
	}, prefix, found)
}

// list reads a listing to its end. A page that is too much is halved, down to
// a repository that is skipped.
func (c *Client) list(ctx context.Context, l listing, prefix string, found *finds) error {
	after, size := "", newPageSize()
	for {
		page, err := c.listPage(ctx, l, repositoryFields(prefix), prefix, after, size.now)
		switch {
		case err != nil && isFinal(ctx, err):
			return err
		case err != nil && isTooMuch(err) && size.now > 1:
			size.fail()
			continue
		case err != nil && isTooMuch(err):
			next, ok, err := c.passOver(ctx, l, after, err, found)
			if err != nil || !ok {
				return err
			}
			after, size.most = next, perRequest // it was that one
			continue
		case err != nil:
			found.skip(l.of, err)
			return nil
		}
		for i, n := range page.nodes {
			if page.refused[i] != nil {
				found.skip(n.NameWithOwner, page.refused[i])
				continue
			}
			found.add(n, c.knownAccount())
		}
		if !page.info.HasNextPage || page.info.EndCursor == after {
			return nil
		}
		after = page.info.EndCursor
		size.grow()
	}
}

// page is a page of a listing; refused has the repositories, by index, that
// are not shown whole.
type page struct {
	nodes   []*repositoryNode
	refused map[int]error
	info    pageInfo
}

func (c *Client) listPage(ctx context.Context, l listing, fields, prefix, after string, size int) (page, error) {
	variables := map[string]any{"first": size, "after": nil}
	if after != "" {
		variables["after"] = after
	}
	for name, value := range l.variables {
		variables[name] = value
	}
	declared := l.declared
	if fields != nameFields {
		declared += prefixVariables(prefix, variables)
	}
	query := fmt.Sprintf(`query($first:Int!,$after:String%s){viewer{login} list:%s{repositories(first:$first,after:$after,orderBy:{field:NAME,direction:ASC},%s){pageInfo{hasNextPage endCursor} nodes{%s}}}}`,
		declared, l.field, l.arguments, fields)
	send := c.ask
	if size == 1 {
		send = c.query
	}
	var answer listingPage
	faults, err := send(ctx, l.owner, query, variables, &answer)
	if err != nil {
		return page{}, err
	}
	c.learnAccount(answer.Viewer.Login)
	return c.readPage(answer, faults)
}

// nameFields is what a repository is asked for that is too much otherwise.
const nameFields = "id nameWithOwner"

func (c *Client) readPage(answer listingPage, faults []fault) (page, error) {
	var list *listed
	if err := json.Unmarshal(answer.List, &list); err != nil && len(faults) == 0 {
		return page{}, halfError(false)
	}
	switch {
	case (list == nil || list.Repositories == nil) && len(faults) > 0:
		return page{}, c.fault("", faults[0])
	case list == nil:
		return page{}, fmt.Errorf("no organization or user of that name: %w, or hidden from %s", forge.ErrNotFound, c.who())
	case list.Repositories == nil:
		return page{}, halfError(false)
	}
	p := page{nodes: list.Repositories.Nodes, refused: map[int]error{}, info: list.Repositories.PageInfo}
	for _, f := range faults {
		i, ok := f.node()
		if !ok || i >= len(p.nodes) {
			return page{}, c.fault("", f)
		}
		if p.refused[i] == nil {
			p.refused[i] = c.fault("", f)
		}
	}
	for _, n := range p.nodes {
		if n == nil { // refused or not, it has no name to be skipped by
			return page{}, halfError(false)
		}
	}
	return p, nil
}

// node returns which repository of a listing the fault is about.
func (f fault) node() (int, bool) {
	for i := range f.Path {
		if f.Path[i] == "nodes" && i+1 < len(f.Path) {
			n, ok := f.Path[i+1].(float64)
			return int(n), ok && n >= 0
		}
	}
	return 0, false
}

// passOver skips the one repository after a cursor for a reason; ok is false
// where the listing cannot go on, which then is skipped as a whole.
func (c *Client) passOver(ctx context.Context, l listing, after string, why error, found *finds) (next string, ok bool, err error) {
	page, err := c.listPage(ctx, l, nameFields, "", after, 1)
	switch {
	case err != nil && isFinal(ctx, err):
		return "", false, err
	case err != nil || len(page.nodes) != 1:
		found.skip(l.of, fmt.Errorf("the listing cannot be read on: %w", why))
		return "", false, nil
	}
	found.skip(page.nodes[0].NameWithOwner, why)
	return page.info.EndCursor, page.info.HasNextPage && page.info.EndCursor != after, nil
}
