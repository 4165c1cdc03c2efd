package gitlab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// projectList is a connection of projects that is read page by page.
type projectList struct {
	of        string // what is listed, for the skipped
	field     string // that has the projects, by $path; empty for the query itself
	arguments string // of its projects
	path      string
	rest      func(c *Client, ctx context.Context, l projectList, prefix string, found *finds) error
}

// listedPulls is how many open merge requests of each project a listing shows;
// more are asked for where there are more.
const listedPulls = 20

// maxPages bounds the requests for one list.
const maxPages = 2000

// listFields is what a listing asks of each project.
func listFields(prefix string) string {
	if prefix == "" {
		return projectFields
	}
	return projectFields + fmt.Sprintf(" mergeRequests(state:opened,first:%d,sort:CREATED_DESC){pageInfo{hasNextPage} nodes{%s}}", listedPulls, pullFields)
}

// list reads a listing to its end. A page that is too much is halved, down to a
// project that is skipped.
func (c *Client) list(ctx context.Context, l projectList, prefix string, found *finds) error {
	if l.path != "" {
		if err := checkGroup(l.path); err != nil {
			found.skip(l.of, err)
			return nil
		}
	}
	after, size := "", newPageSize(c.fitting(l, prefix))
	for range maxPages {
		page, err := c.listPage(ctx, l, listFields(prefix), after, size.now)
		var complex *complexityError
		switch {
		case err != nil && isFinal(ctx, err):
			return err
		case errors.Is(err, errNoGraphQL):
			return l.rest(c, ctx, l, prefix, found)
		case errors.As(err, &complex) && size.now > 1:
			size.limit(size.now / 2)
			continue
		case err != nil && isTooMuch(err) && size.now > 1:
			size.fail()
			continue
		case err != nil && isTooMuch(err):
			next, ok, err := c.passOver(ctx, l, after, err, found)
			if err != nil || !ok {
				return err
			}
			after = next
			continue
		case err != nil:
			found.skip(l.of, err)
			return nil
		}
		c.takeAll(l, page, prefix, found)
		if !page.PageInfo.HasNextPage || page.PageInfo.EndCursor == after {
			return nil
		}
		after = page.PageInfo.EndCursor
		size.grow()
	}
	found.skip(l.of, fmt.Errorf("its list does not end: %d pages were read", maxPages))
	return nil
}

// fitting returns how many projects fit a page by our own measure.
func (c *Client) fitting(l projectList, prefix string) int {
	for size := perRequest; size > 1; size /= 2 {
		if complexity(l.document(listFields(prefix), size)) <= int(c.budget.Load()) {
			return size
		}
	}
	return 1
}

// takeAll keeps the projects of a page. One that GitLab refuses in whole or in
// part, or leaves out, is skipped: a part that is missing would look like a
// project without it.
func (c *Client) takeAll(l projectList, page *projectPage, prefix string, found *finds) {
	if err := page.refused[whole]; err != nil {
		found.skip(l.of, fmt.Errorf("list its projects: %w", err))
	}
	for i, n := range page.Nodes {
		err := page.refused[i]
		switch {
		case err == nil && n != nil:
			c.take(n, prefix, found)
		case n != nil && n.FullPath != "":
			found.skip(n.FullPath, err)
		default:
			found.skip(l.of, fmt.Errorf("one of its projects is not shown: %w", cmp.Or(err, halfError())))
		}
	}
}

// whole stands for a page in the place of one of its projects.
const whole = -1

// refusals returns which projects of a page GitLab did not show, or not all of.
func (c *Client) refusals(faults []fault) map[int]error {
	all := map[int]error{}
	for _, f := range faults {
		if len(f.Path) > 0 && f.at() != "list" {
			continue // it is about the account
		}
		at := whole
		for i, step := range f.Path[:max(0, len(f.Path)-1)] {
			if n, ok := f.Path[i+1].(float64); ok && step == "nodes" {
				at = int(n)
				break
			}
		}
		if all[at] == nil {
			all[at] = c.fault(f)
		}
	}
	return all
}

// take keeps a project of a page.
func (c *Client) take(n *projectNode, prefix string, found *finds) {
	if n.FullPath == "" || number(n.ID) == 0 {
		return
	}
	r := n.value()
	r.Partial = prefix != ""
	open := false
	if n.MergeRequests != nil {
		r.Branches = branchesOf(n.MergeRequests, prefix, c.knownAccount())
		open = n.MergeRequests.PageInfo.HasNextPage
	}
	found.add(r, open)
}

type projectPage struct {
	PageInfo pageInfo
	Nodes    []*projectNode
	refused  map[int]error // by the place of a project; see [whole]
}

func (l projectList) document(fields string, size int) string {
	list := fmt.Sprintf("projects(%sfirst:%d,after:$after){pageInfo{hasNextPage endCursor} nodes{%s}}", l.arguments, size, fields)
	if l.field == "" {
		return list
	}
	return l.field + "{" + list + "}"
}

func (c *Client) listPage(ctx context.Context, l projectList, fields, after string, size int) (*projectPage, error) {
	variables := map[string]any{"after": nil}
	declared := "$after:String"
	if after != "" {
		variables["after"] = after
	}
	if l.path != "" {
		declared += ",$path:ID!"
		variables["path"] = l.path
	}
	send := c.ask
	if size == 1 {
		send = c.query
	}
	var answer struct {
		CurrentUser json.RawMessage
		List        json.RawMessage // null for nobody, absent in half an answer
	}
	faults, err := send(ctx, fmt.Sprintf("query(%s){%s list:%s}", declared, c.askAccount(), l.document(fields, size)), variables, &answer)
	if err != nil {
		return nil, err
	}
	c.learnFrom(answer.CurrentUser)
	return c.readPage(l, answer.List, faults)
}

func (c *Client) readPage(l projectList, raw json.RawMessage, faults []fault) (*projectPage, error) {
	var page *projectPage
	err := json.Unmarshal(raw, &page)
	if l.field != "" {
		var holder *struct{ Projects *projectPage }
		if err = json.Unmarshal(raw, &holder); err == nil && holder != nil {
			page = holder.Projects
			if page == nil && len(faults) == 0 {
				return nil, halfError()
			}
		} else {
			page = nil
		}
	}
	switch {
	case page == nil && len(faults) > 0:
		return nil, c.fault(faults[0])
	case err != nil || raw == nil:
		return nil, halfError()
	case page == nil:
		return nil, fmt.Errorf("no group or user of that path: %w, or hidden from the token", forge.ErrNotFound)
	}
	page.refused = c.refusals(faults)
	return page, nil
}

// passOver goes past a project that is too much even alone, and says where the
// listing goes on; ok is false where it cannot, or does not.
func (c *Client) passOver(ctx context.Context, l projectList, after string, why error, found *finds) (next string, ok bool, err error) {
	page, err := c.listPage(ctx, l, "id fullPath", after, 1)
	switch {
	case err != nil && isFinal(ctx, err):
		return "", false, err
	case err != nil:
		found.skip(l.of, why)
		return "", false, nil
	}
	for _, n := range page.Nodes {
		if n == nil {
			found.skip(l.of, why)
		} else {
			found.skip(n.FullPath, why)
		}
	}
	next = page.PageInfo.EndCursor
	return next, page.PageInfo.HasNextPage && next != after, nil
}
