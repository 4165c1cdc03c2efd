package gitlab

import (
	"net/http"
	"strconv"
	"strings"
)

const version = "18.6.2-ee"

var accountRoutes = []route{
	{pattern: "GET /user", serve: (*call).getUser},
	{pattern: "GET /users", serve: (*call).listUsers},
	{pattern: "GET /version", serve: (*call).getVersion},
	{pattern: "GET /metadata", serve: (*call).getVersion},
	{pattern: "GET /groups/{group}", open: true, serve: (*call).getGroup},
	{pattern: "GET /groups/{group}/projects", open: true, serve: (*call).listGroupProjects},
	{pattern: "GET /users/{user}/projects", open: true, serve: (*call).listUserProjects},
}

func (c *call) getUser(args) (int, any, error) {
	a := c.token.account
	u := c.user(a)
	u["email"], u["commit_email"] = a.email(), a.commitEmail()
	u["is_admin"], u["external"], u["private_profile"], u["two_factor_enabled"] = false, false, false, false
	u["projects_limit"], u["can_create_project"], u["can_create_group"] = 100000, !a.bot, !a.bot
	u["bot"], u["created_at"], u["confirmed_at"], u["namespace_id"] = a.bot, stamp(a.created), stamp(a.created), nil
	if n := c.namespaces[fold(a.username)]; n != nil {
		u["namespace_id"] = n.id
	}
	return http.StatusOK, u, nil
}

func (c *call) listUsers(a args) (int, any, error) {
	var found []*account
	if who := c.accounts[fold(a.str("username"))]; who != nil {
		found = append(found, who)
	}
	return http.StatusOK, page(c, a, found, func(a *account) any { return c.user(a) }), nil
}

func (c *call) getVersion(args) (int, any, error) {
	return http.StatusOK, jsonObject{
		"version": version, "revision": "5a1b3c0f2d1", "enterprise": true,
		"kas": jsonObject{"enabled": false, "externalUrl": nil, "externalK8sProxyUrl": nil, "version": nil},
	}, nil
}

// space finds a group, or a user's namespace, by its number or path.
func (c *call) space(id, kind string) *namespace {
	number, err := strconv.ParseInt(id, 10, 64)
	if n := c.namespaces[fold(id)]; err != nil && n != nil && n.kind() == kind {
		return n
	}
	for _, n := range c.namespaces {
		if err == nil && n.kind() == kind && (n.id == number || n.account != nil && n.account.id == number) {
			return n
		}
	}
	return nil
}

// seesGroup reports whether a group exists for the token: where it sees a
// project in it, or is a member of it.
func (c *call) seesGroup(n *namespace) bool {
	if n == nil {
		return false
	}
	if c.token != nil && c.token.Projects == nil {
		return true
	}
	for _, p := range c.ordered {
		if p.space.within(n) && c.token.sees(p) {
			return true
		}
	}
	if c.token != nil {
		for _, path := range c.token.Projects {
			if fold(path) == fold(n.path) || strings.HasPrefix(fold(n.path), fold(path)+"/") {
				return true
			}
		}
	}
	return false
}

func (c *call) getGroup(args) (int, any, error) {
	n := c.space(c.request.PathValue("group"), "group")
	if !c.seesGroup(n) {
		return 0, nil, notFound("Group")
	}
	g := jsonObject{
		"id": n.id, "web_url": c.web + "/groups/" + n.path, "name": n.name(), "path": n.name(), "description": "", "visibility": Public,
		"full_name": strings.ReplaceAll(n.path, "/", " / "), "full_path": n.path, "parent_id": nil, "created_at": stamp(c.now()),
		"archived": false, "default_branch": nil, "avatar_url": nil, "request_access_enabled": true, "lfs_enabled": true,
		"shared_with_groups": []any{},
	}
	if n.parent != nil {
		g["parent_id"] = n.parent.id
	}
	return http.StatusOK, g, nil
}

func (c *call) listGroupProjects(a args) (int, any, error) {
	n := c.space(c.request.PathValue("group"), "group")
	if !c.seesGroup(n) {
		return 0, nil, notFound("Group")
	}
	shared := !a.has("with_shared") || a.boolean("with_shared")
	return c.projectList(a, func(p *project) bool {
		in := p.space == n || a.boolean("include_subgroups") && p.space.within(n)
		if !in && shared {
			for _, s := range n.shared {
				in = in || s == p
			}
		}
		return in
	})
}

func (c *call) listUserProjects(a args) (int, any, error) {
	n := c.space(c.request.PathValue("user"), "user")
	if n == nil {
		return 0, nil, notFound("User")
	}
	return c.projectList(a, func(p *project) bool { return p.space == n })
}
