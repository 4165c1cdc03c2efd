package github

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Heads returns the commits of branches, in the order of refs; empty where
// there is no such branch. A hundred go into a request.
//
// An error other than the context's and [forge.ErrLimited] is about some of
// them; the others are there all the same.
func (c *Client) Heads(ctx context.Context, refs []forge.Ref) ([]string, error) {
	commits := make([]string, len(refs))
	const field = `{ref(qualifiedName:%s){target{__typename oid}}}`
	type answer struct {
		Ref *struct {
			Target struct {
				Typename string `json:"__typename"`
				OID      string
			}
		}
	}
	err := askRefs(ctx, c, refs, field, func(r forge.Ref) string { return headRef(r.Branch) }, func(i int, a *answer) {
		if a.Ref != nil && a.Ref.Target.Typename == "Commit" {
			commits[i] = a.Ref.Target.OID
		}
	})
	if err != nil {
		return commits, fmt.Errorf("read branches: %w", err)
	}
	return commits, nil
}

func headRef(branch string) string { return heads + branch }

// askRefs asks about branches, a hundred to a request: field is what of each
// one's repository, with a place for the one variable that of returns.
func askRefs[T any](ctx context.Context, c *Client, refs []forge.Ref, field string, of func(forge.Ref) string, take func(int, *T)) error {
	p := &problems{}
	ask := func(ctx context.Context, b batch) error {
		doc := newDocument("", map[string]any{})
		asked := batch{owner: b.owner}
		for _, i := range b.items {
			owner, name, err := split(refs[i].Repository.Name)
			if err != nil {
				p.add(err)
				continue
			}
			asked.items = append(asked.items, i)
			doc.field(i, "repository(owner:%s,name:%s)"+field, doc.variable("String!", owner), doc.variable("String!", name), doc.variable("String!", of(refs[i])))
		}
		if len(asked.items) == 0 {
			return nil
		}
		answers, err := askAll[T](ctx, c, asked, doc)
		if err != nil {
			return err
		}
		for _, i := range asked.items {
			switch a := answers[i]; {
			case a.Value != nil:
				take(i, a.Value)
			case a.Refuse != nil:
				p.add(fmt.Errorf("%s: %w", refs[i].Repository.Name, a.Refuse))
			default:
				p.add(fmt.Errorf("%s: %w, or hidden from %s", refs[i].Repository.Name, forge.ErrNotFound, c.who()))
			}
		}
		return nil
	}
	owner := func(i int) string { return nameOf(refs[i].Repository) }
	failed := func(i int, err error) { p.add(fmt.Errorf("%s: %w", refs[i].Repository.Name, err)) }
	if err := c.each(ctx, c.batches(len(refs), owner, perRequest, weightless, 0), ask, failed); err != nil {
		return err
	}
	return errors.Join(p.all...)
}

// problems collects errors from several goroutines.
type problems struct {
	mu  sync.Mutex
	all []error
}

func (p *problems) add(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	const most = 20 // more of them say no more
	if len(p.all) < most {
		p.all = append(p.all, err)
	}
}

// Matching returns the branches of a repository that glob accepts, by name; a
// hundred go into a request.
func (c *Client) Matching(ctx context.Context, repository forge.Repository, glob func(string) bool) ([]string, error) {
	owner, name, err := split(repository.Name)
	if err != nil {
		return nil, fmt.Errorf("list branches: %w", err)
	}
	const query = `query($owner:String!,$name:String!,$after:String){repository(owner:$owner,name:$name){
refs(refPrefix:"refs/heads/",first:100,after:$after,orderBy:{field:ALPHABETICAL,direction:ASC}){pageInfo{hasNextPage endCursor} nodes{name}}}}`
	const pages = 500
	var all []string
	variables := map[string]any{"owner": owner, "name": name, "after": nil}
	for range pages {
		var answer struct {
			Repository *struct {
				Refs struct {
					PageInfo pageInfo
					Nodes    []named
				}
			}
		}
		faults, err := c.query(ctx, owner, query, variables, &answer)
		if err == nil && len(faults) > 0 {
			err = c.fault("", faults[0])
		}
		if err == nil && answer.Repository == nil {
			err = halfError(false)
		}
		if err != nil {
			return nil, fmt.Errorf("list branches: %w", err)
		}
		refs := answer.Repository.Refs
		for _, ref := range refs.Nodes {
			if glob(ref.Name) {
				all = append(all, ref.Name)
			}
		}
		if !refs.PageInfo.HasNextPage {
			return all, nil
		}
		variables["after"] = refs.PageInfo.EndCursor
	}
	return nil, fmt.Errorf("list branches: more than %d", pages*perRequest)
}
