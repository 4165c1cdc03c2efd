package github

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// connection is a page of a list.
type connection struct {
	kind  string
	nodes []object
	first int // index of the first node in the whole list
	total int
}

func (c connection) kinds() []string { return []string{c.kind + "Connection"} }

func (c connection) field(_ *query, name string, _ args) (any, error) {
	switch name {
	case "nodes":
		return c.nodes, nil
	case "totalCount":
		return c.total, nil
	case "pageInfo":
		return pageInfo(c), nil
	case "edges":
		edges := make([]object, len(c.nodes))
		for i, node := range c.nodes {
			edges[i] = edge{kind: c.kind, node: node, index: c.first + i}
		}
		return edges, nil
	}
	return nil, errUnknownField
}

type pageInfo connection

func (pageInfo) kinds() []string { return []string{"PageInfo"} }

func (p pageInfo) field(_ *query, name string, _ args) (any, error) {
	last := p.first + len(p.nodes)
	switch name {
	case "hasNextPage":
		return last < p.total, nil
	case "hasPreviousPage":
		return p.first > 0, nil
	case "startCursor", "endCursor":
		if len(p.nodes) == 0 {
			return nil, nil
		}
		if name == "startCursor" {
			return cursor(p.first), nil
		}
		return cursor(last - 1), nil
	}
	return nil, errUnknownField
}

type edge struct {
	kind  string
	node  object
	index int
}

func (e edge) kinds() []string { return []string{e.kind + "Edge"} }

func (e edge) field(_ *query, name string, _ args) (any, error) {
	switch name {
	case "node":
		return e.node, nil
	case "cursor":
		return cursor(e.index), nil
	}
	return nil, errUnknownField
}

func cursor(index int) string {
	return base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("cursor:%d", index)))
}

func index(cursor string) (int, error) {
	raw, err := base64.StdEncoding.DecodeString(cursor)
	n, err2 := strconv.Atoi(strings.TrimPrefix(string(raw), "cursor:"))
	if err != nil || err2 != nil || n < 0 {
		return 0, &apiError{Kind: "INVALID_CURSOR_ARGUMENTS", Message: fmt.Sprintf("`%s` does not appear to be a valid cursor.", cursor), nonNull: true}
	}
	return n, nil
}

// connect returns the page of a list that first, last, after and before ask
// for. wrap makes objects of those in it only.
func connect[T any](kind string, list []T, a args, wrap func(T) object) (any, error) {
	from, to := 0, len(list)
	if a.has("after") {
		i, err := index(a.str("after"))
		if err != nil {
			return nil, err
		}
		from = min(i+1, to)
	}
	if a.has("before") {
		i, err := index(a.str("before"))
		if err != nil {
			return nil, err
		}
		to = max(from, min(i, to))
	}
	if a.has("first") {
		to = min(to, from+a.integer("first"))
	}
	if a.has("last") {
		from = max(from, to-a.integer("last"))
	}
	nodes := make([]object, 0, to-from)
	for _, v := range list[from:to] {
		nodes = append(nodes, wrap(v))
	}
	return connection{kind: kind, nodes: nodes, first: from, total: len(list)}, nil
}
