package github

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// issueNeeds is what works on pull requests as issues.
const (
	issueRead  = "issues|pull_requests:read"
	issueWrite = "issues|pull_requests:write"
)

var issueRoutes = []route{
	{pattern: "GET /repos/{owner}/{repo}/issues/{number}", needs: issueRead, serve: withPull(func(c *call, p *pull) (int, any, error) {
		return http.StatusOK, c.links.issue(p), nil
	})},
	{pattern: "PATCH /repos/{owner}/{repo}/issues/{number}", needs: issueWrite, content: true, serve: withPull(patchIssue)},
	{pattern: "GET /repos/{owner}/{repo}/issues/{number}/labels", needs: issueRead, serve: withPull(func(c *call, p *pull) (int, any, error) {
		return http.StatusOK, paged(c, p.labels, func(n string) any { return c.links.label(c.repo, n) }), nil
	})},
	{pattern: "POST /repos/{owner}/{repo}/issues/{number}/labels", needs: issueWrite, content: true, serve: withPull(postLabels)},
	{pattern: "PUT /repos/{owner}/{repo}/issues/{number}/labels", needs: issueWrite, content: true, serve: withPull(func(c *call, p *pull) (int, any, error) {
		p.labels = nil
		return postLabels(c, p)
	})},
	{pattern: "DELETE /repos/{owner}/{repo}/issues/{number}/labels/{name}", needs: issueWrite, serve: withPull(deleteLabel)},
	{pattern: "GET /repos/{owner}/{repo}/issues/{number}/comments", needs: issueRead, serve: withPull(func(c *call, p *pull) (int, any, error) {
		return http.StatusOK, paged(c, p.comments, func(m *comment) any { return c.links.comment(p, m) }), nil
	})},
	{pattern: "POST /repos/{owner}/{repo}/issues/{number}/comments", needs: issueWrite, content: true, serve: withPull(postComment)},
	{pattern: "POST /repos/{owner}/{repo}/issues/{number}/assignees", needs: issueWrite, content: true, serve: withPull(postAssignees)},
	{pattern: "GET /repos/{owner}/{repo}/labels", needs: "issues:read", serve: func(c *call) (int, any, error) {
		names := slices.Sorted(maps.Keys(c.repo.labels))
		return http.StatusOK, paged(c, names, func(n string) any { return c.links.label(c.repo, n) }), nil
	}},
	{pattern: "GET /repos/{owner}/{repo}/labels/{name}", needs: "issues:read", serve: func(c *call) (int, any, error) {
		if c.repo.labels[c.request.PathValue("name")] == 0 {
			return 0, nil, notFound()
		}
		return http.StatusOK, c.links.label(c.repo, c.request.PathValue("name")), nil
	}},
	{pattern: "POST /repos/{owner}/{repo}/labels", needs: "issues:write", content: true, serve: newLabel},
}

func newLabel(c *call) (int, any, error) {
	var in struct{ Name string }
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if c.repo.labels[in.Name] != 0 {
		return 0, nil, invalidField("Label", "name", "already_exists")
	}
	c.repo.labels[in.Name] = c.newID()
	return http.StatusCreated, c.links.label(c.repo, in.Name), nil
}

func patchIssue(c *call, p *pull) (int, any, error) {
	var in struct {
		Labels    []json.RawMessage
		Assignees []string
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	changes := args{}
	if err := c.decode(&changes); err != nil {
		return 0, nil, err
	}
	if err := c.edit(p, changes); err != nil {
		return 0, nil, err
	}
	if in.Labels != nil {
		p.labels = nil
		c.addLabels(p, labelNames(in.Labels))
	}
	if in.Assignees != nil {
		p.assignees = nil
		c.assignLogins(p, in.Assignees)
	}
	return http.StatusOK, c.links.issue(p), nil
}

// labelNames are those of labels given by name, or as objects with one.
func labelNames(labels []json.RawMessage) []string {
	var names []string
	for _, raw := range labels {
		var name string
		var label struct{ Name string }
		if json.Unmarshal(raw, &name) != nil && json.Unmarshal(raw, &label) == nil {
			name = label.Name
		}
		names = append(names, name)
	}
	return names
}

func postLabels(c *call, p *pull) (int, any, error) {
	var list []json.RawMessage
	if strings.HasPrefix(strings.TrimSpace(string(c.body)), "{") {
		var in struct{ Labels []json.RawMessage }
		if err := c.decode(&in); err != nil {
			return 0, nil, err
		}
		list = in.Labels
	} else if err := c.decode(&list); err != nil {
		return 0, nil, err
	}
	c.addLabels(p, labelNames(list))
	return http.StatusOK, c.links.labels(c.repo, p.labels), nil
}

func deleteLabel(c *call, p *pull) (int, any, error) {
	name := c.request.PathValue("name")
	if !slices.Contains(p.labels, name) {
		return 0, nil, &apiError{Status: http.StatusNotFound, Message: "Label does not exist"}
	}
	p.labels = slices.DeleteFunc(p.labels, func(n string) bool { return n == name })
	p.updated = c.now()
	return http.StatusOK, c.links.labels(c.repo, p.labels), nil
}

func postComment(c *call, p *pull) (int, any, error) {
	var in struct{ Body string }
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if err := checkBody(in.Body); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.links.comment(p, c.addComment(p, c.account(c.token), in.Body)), nil
}

func postAssignees(c *call, p *pull) (int, any, error) {
	var in struct{ Assignees []string }
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	c.assignLogins(p, in.Assignees)
	return http.StatusCreated, c.links.issue(p), nil
}

// assignLogins assigns those that exist, as GitHub does: the others are left
// out without a word.
func (c *call) assignLogins(p *pull, logins []string) {
	for _, login := range logins {
		if u := c.accounts[fold(login)]; u != nil && u.kind == User && !slices.Contains(p.assignees, u) {
			p.assignees = append(p.assignees, u)
			p.updated = c.now()
		}
	}
}
