package gitlab

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var projectRoutes = []route{
	{pattern: "GET /projects", open: true, serve: (*call).listProjects},
	{pattern: "GET /projects/{id}", open: true, serve: (*call).getProject},
	{pattern: "GET /projects/{id}/protected_branches", role: Developer, feature: "code", serve: (*call).listProtected},
	{pattern: "GET /projects/{id}/labels", open: true, serve: (*call).listLabels},
	{pattern: "POST /projects/{id}/labels", role: Reporter, serve: (*call).createLabel},
	{pattern: "GET /projects/{id}/users", open: true, serve: (*call).listMembers},
}

func (c *call) listProjects(a args) (int, any, error) {
	return c.projectList(a, func(p *project) bool {
		role := c.token.role(p)
		switch {
		case a.boolean("membership") && role < Guest, a.boolean("owned") && role < Owner:
			return false
		case a.has("id_after") && p.id <= int64(a.number("id_after", 0)), a.has("id_before") && p.id >= int64(a.number("id_before", 0)):
			return false
		}
		return true
	})
}

// projectList lists projects that the token sees and that fit the parameters
// and want.
func (c *call) projectList(a args, want func(*project) bool) (int, any, error) {
	keyed := a.str("pagination") == "keyset" && c.request.URL.Path == apiPath+"/projects" // other lists take no notice
	order := orElse(a.str("order_by"), "created_at")
	if keyed && order != "id" {
		return 0, nil, &apiError{Status: http.StatusMethodNotAllowed, Fields: jsonObject{"error": "Keyset pagination is not yet available for this type of request"}}
	}
	if err := tooFar(a); err != nil && !keyed {
		return 0, nil, err
	}
	if err := a.oneOf("order_by", "id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity", "star_count"); err != nil {
		return 0, nil, err
	}
	var found []*project
	for _, p := range c.ordered {
		if c.token.sees(p) && fits(p, a, c.token.role(p)) && want(p) {
			found = append(found, p)
		}
	}
	slices.SortStableFunc(found, func(x, y *project) int {
		by := cmp.Compare(x.id, y.id)
		if order == "name" || order == "path" {
			by = cmp.Compare(x.name, y.name)
		}
		if a.str("sort") != "asc" {
			by = -by
		}
		return by
	})
	shape := func(p *project) any {
		if a.boolean("simple") || c.token == nil {
			return c.simpleProject(p)
		}
		return c.projectShape(p)
	}
	if !keyed {
		return http.StatusOK, page(c, a, found, shape), nil
	}
	next := func(last *project) map[string]string {
		if a.str("sort") == "asc" {
			return map[string]string{"id_after": strconv.FormatInt(last.id, 10)}
		}
		return map[string]string{"id_before": strconv.FormatInt(last.id, 10)}
	}
	return http.StatusOK, keyset(c, a, found, next, shape), nil
}

// fits reports whether a project has what the parameters of a list ask for.
func fits(p *project, a args, role int) bool {
	o := p.options
	for _, topic := range a.list("topic") {
		if !slices.ContainsFunc(o.Topics, func(t string) bool { return fold(t) == fold(topic) }) {
			return false
		}
	}
	switch {
	case a.has("archived") && a.boolean("archived") != o.Archived,
		a.has("visibility") && a.str("visibility") != o.Visibility,
		a.has("active") && a.boolean("active") == (o.Archived || o.Deleting),
		a.has("with_merge_requests_enabled") && a.boolean("with_merge_requests_enabled") == o.NoMergeRequests,
		a.has("min_access_level") && role < a.number("min_access_level", 0),
		a.has("search") && !strings.Contains(fold(p.path()), fold(a.str("search"))):
		return false
	}
	return true
}

func (c *call) getProject(args) (int, any, error) {
	if c.token == nil {
		return http.StatusOK, c.simpleProject(c.project), nil
	}
	return http.StatusOK, c.projectShape(c.project), nil
}

func (c *call) listProtected(a args) (int, any, error) {
	type rule struct {
		name  string
		level int
		force bool
	}
	rules := []rule{}
	for _, name := range c.project.options.Protected {
		rules = append(rules, rule{name, 0, false})
	}
	for _, name := range c.project.options.ForceProtected {
		rules = append(rules, rule{name, Developer, false})
	}
	return http.StatusOK, page(c, a, rules, func(r rule) any {
		words := map[int]string{0: "No one", Developer: "Developers + Maintainers"}
		level := []any{jsonObject{"id": 1, "access_level": r.level, "access_level_description": words[r.level], "deploy_key_id": nil, "user_id": nil, "group_id": nil}}
		return jsonObject{
			"id": 1, "name": r.name, "push_access_levels": level, "merge_access_levels": level, "unprotect_access_levels": []any{},
			"allow_force_push": r.force, "code_owner_approval_required": false, "inherited": false,
		}
	}), nil
}

func (c *call) listLabels(a args) (int, any, error) {
	names := make([]string, 0, len(c.project.labels))
	for name := range c.project.labels {
		names = append(names, name)
	}
	slices.Sort(names)
	return http.StatusOK, page(c, a, names, func(n string) any { return c.label(c.project, n) }), nil
}

func (c *call) createLabel(a args) (int, any, error) {
	if err := a.need("name", "color"); err != nil {
		return 0, nil, err
	}
	name := a.str("name")
	if c.project.labels[name] != 0 {
		return 0, nil, &apiError{Status: http.StatusConflict, Message: "Label already exists"}
	}
	c.project.labels[name] = c.newID()
	return http.StatusCreated, c.label(c.project, name), nil
}

func (c *call) listMembers(a args) (int, any, error) {
	var found []*account
	for _, t := range c.tokens {
		if t.role(c.project) > 0 && !slices.Contains(found, t.account) {
			found = append(found, t.account)
		}
	}
	slices.SortFunc(found, func(x, y *account) int { return cmp.Compare(x.id, y.id) })
	return http.StatusOK, page(c, a, found, func(a *account) any { return c.user(a) }), nil
}
