package gitlab

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// resolvers are the fields of all types, by Type.field.
var resolvers map[string]resolver

func init() {
	resolvers = map[string]resolver{}
	for _, table := range []map[string]resolver{rootFields, spaceFields, projectFields, repositoryFields, treeFields, commitFields, mergeFields, connectionFields} {
		maps.Copy(resolvers, table)
	}
	for _, kind := range []string{"CurrentUser", "UserCore", "MergeRequestAuthor"} {
		for name, f := range userFields {
			resolvers[kind+"."+name] = f
		}
	}
	for _, kind := range []string{"Project", "UserCore", "Blob", "TreeEntry", "Submodule", "RepositoryBlob", "Commit", "MergeRequest", "Label"} {
		for name, f := range pageFields {
			resolvers[kind+"Connection."+name] = f
		}
		for name, f := range edgeFields {
			resolvers[kind+"Edge."+name] = f
		}
	}
}

// gid is GitLab's global id of a thing.
func gid(kind string, id any) string { return fmt.Sprintf("gid://gitlab/%s/%v", kind, id) }

type edge struct {
	node  any
	index int
}

var pageFields = map[string]resolver{
	"nodes": plain(func(c connection) any { return c.nodes }),
	"count": plain(func(c connection) any { return c.total }),
	"edges": plain(func(c connection) any {
		edges := make([]edge, len(c.nodes))
		for i, node := range c.nodes {
			edges[i] = edge{node, c.first + i}
		}
		return edges
	}),
	"pageInfo": plain(func(c connection) any { return c }),
}

var edgeFields = map[string]resolver{
	"node":   plain(func(e edge) any { return e.node }),
	"cursor": plain(func(e edge) any { return cursor(e.index) }),
}

var connectionFields = map[string]resolver{
	"PageInfo.hasNextPage":     plain(func(c connection) any { return c.first+len(c.nodes) < c.total }),
	"PageInfo.hasPreviousPage": plain(func(c connection) any { return c.first > 0 }),
	"PageInfo.startCursor": plain(func(c connection) any {
		if len(c.nodes) == 0 {
			return nil
		}
		return cursor(c.first)
	}),
	"PageInfo.endCursor": plain(func(c connection) any {
		if len(c.nodes) == 0 {
			return nil
		}
		return cursor(c.first + len(c.nodes) - 1)
	}),
}

var rootFields = map[string]resolver{
	"Query.currentUser": func(q *query, _ any, _ args) (any, error) { return q.who(), nil },
	"Query.user": func(q *query, _ any, a args) (any, error) {
		return q.accounts[fold(a.str("username"))], nil
	},
	"Query.project": func(q *query, _ any, a args) (any, error) {
		p := q.projects[fold(a.str("fullPath"))]
		if p == nil {
			p = q.moved[fold(a.str("fullPath"))] // GitLab finds what was renamed, too
		}
		if p == nil || !q.token.sees(p) {
			return nil, nil
		}
		return p, nil
	},
	"Query.projects": func(q *query, _ any, a args) (any, error) { return q.listed(a) },
	"Query.group": func(q *query, _ any, a args) (any, error) {
		n := q.space(a.str("fullPath"), "group")
		if !q.seesGroup(n) {
			return nil, nil
		}
		return n, nil
	},
	"Query.namespace": func(q *query, _ any, a args) (any, error) {
		n := q.namespaces[fold(a.str("fullPath"))]
		if n == nil || n.account == nil && !q.seesGroup(n) {
			return nil, nil
		}
		return n, nil
	},
	"Query.queryComplexity": func(q *query, _ any, _ args) (any, error) { return q, nil },
	"Query.metadata":        func(q *query, _ any, _ args) (any, error) { return q, nil },
	"QueryComplexity.score": plain(func(q *query) any { return q.score }),
	"QueryComplexity.limit": plain(func(q *query) any { return q.limit }),
	"Metadata.version":      plain(func(*query) any { return version }),
	"Metadata.revision":     plain(func(*query) any { return "5a1b3c0f2d1" }),
	"Metadata.enterprise":   plain(func(*query) any { return true }),
}

var userFields = map[string]resolver{
	"id":          plain(func(a *account) any { return gid("User", a.id) }),
	"bot":         plain(func(a *account) any { return a.bot }),
	"human":       plain(func(a *account) any { return !a.bot }),
	"username":    plain(func(a *account) any { return a.username }),
	"name":        plain(func(a *account) any { return a.name }),
	"publicEmail": plain(func(*account) any { return "" }),
	"commitEmail": of(func(q *query, a *account, _ args) (any, error) {
		if q.who() != a {
			return nil, nil // it is the account's own to see
		}
		return a.commitEmail(), nil
	}),
	"webUrl": of(func(q *query, a *account, _ args) (any, error) { return q.web + "/" + a.username, nil }),
}

var spaceFields = bothSpaces(map[string]resolver{
	"id": plain(func(n *namespace) any {
		if n.account != nil {
			return gid("Namespaces::UserNamespace", n.id)
		}
		return gid("Group", n.id)
	}),
	"fullPath":   plain(func(n *namespace) any { return n.path }),
	"fullName":   plain(func(n *namespace) any { return strings.ReplaceAll(n.path, "/", " / ") }),
	"name":       plain(func(n *namespace) any { return n.name() }),
	"path":       plain(func(n *namespace) any { return n.name() }),
	"visibility": plain(func(*namespace) any { return Public }),
	"webUrl":     of(func(q *query, n *namespace, _ args) (any, error) { return q.web + "/groups/" + n.path, nil }),
	"projects": of(func(q *query, n *namespace, a args) (any, error) {
		var found []*project
		for _, p := range slices.Backward(q.ordered) { // the newest first
			in := p.space == n || a.boolean("includeSubgroups") && p.space.within(n)
			out := p.options.Archived && !a.boolean("includeArchived") || p.options.Deleting && a.boolean("notAimedForDeletion")
			wanted := fits(p, args{"search": a["search"], "with_merge_requests_enabled": a["withMergeRequestsEnabled"]}, 0)
			if in && !out && wanted && q.token.sees(p) && a.names("ids", gid("Project", p.id)) {
				found = append(found, p)
			}
		}
		if sort := a.str("sort"); sort == "PATH_ASC" || sort == "FULL_PATH_ASC" {
			slices.SortStableFunc(found, func(x, y *project) int { return cmp.Compare(x.path(), y.path()) })
		}
		return found, nil
	}),
})

// bothSpaces gives the fields to groups and to namespaces.
func bothSpaces(fields map[string]resolver) map[string]resolver {
	both := map[string]resolver{}
	for name, f := range fields {
		both["Group."+name], both["Namespace."+name] = f, f
	}
	return both
}

// names reports whether a list names that, or is none.
func (a args) names(name, value string) bool {
	return !a.has(name) || slices.Contains(a.list(name), value)
}

// roles are GraphQL's words for roles.
var roles = map[string]int{"GUEST": Guest, "REPORTER": Reporter, "DEVELOPER": Developer, "MAINTAINER": Maintainer, "OWNER": Owner}

// listed are the projects of the query itself.
func (q *query) listed(a args) (any, error) {
	rest := args{"search": a["search"], "topic": a["topics"], "visibility": a["visibilityLevel"], "with_merge_requests_enabled": a["withMergeRequestsEnabled"]}
	switch a.str("archived") {
	case "ONLY":
		rest["archived"] = true
	case "EXCLUDE":
		rest["archived"] = false
	}
	if role := roles[a.str("minAccessLevel")]; role > 0 {
		rest["min_access_level"] = strconv.Itoa(role)
	}
	var found []*project
	for _, p := range q.ordered {
		role := q.token.role(p)
		if q.token.sees(p) && fits(p, rest, role) && (role >= Guest || !a.boolean("membership")) && a.names("ids", gid("Project", p.id)) {
			found = append(found, p)
		}
	}
	switch a.str("sort") {
	case "name_asc", "path_asc":
		slices.SortStableFunc(found, func(x, y *project) int { return cmp.Compare(x.name, y.name) })
	case "id_asc", "created_asc":
	default:
		slices.Reverse(found)
	}
	return found, nil
}
