package github

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// tokenLife is how long an installation's token is good for.
const tokenLife = time.Hour

var appRoutes = []route{
	{pattern: "GET /app", serve: func(c *call) (int, any, error) {
		a, err := c.app()
		if err != nil {
			return 0, nil, err
		}
		return http.StatusOK, c.links.app(c.Server, a), nil
	}},
	{pattern: "GET /app/installations", serve: func(c *call) (int, any, error) {
		a, err := c.app()
		if err != nil {
			return 0, nil, err
		}
		return http.StatusOK, paged(c, a.installations, func(i *installation) any { return c.links.installation(i) }), nil
	}},
	{pattern: "GET /app/installations/{id}", serve: func(c *call) (int, any, error) {
		i, err := c.installation()
		if err != nil {
			return 0, nil, err
		}
		return http.StatusOK, c.links.installation(i), nil
	}},
	{pattern: "POST /app/installations/{id}/access_tokens", serve: accessToken},
	{pattern: "GET /orgs/{login}/installation", serve: installationOf},
	{pattern: "GET /users/{login}/installation", serve: installationOf},
	{pattern: "GET /repos/{owner}/{repo}/installation", serve: installationOf},
	{pattern: "GET /installation/repositories", serve: installationRepositories},
}

// app is the App that asks.
func (c *call) app() (*app, error) {
	if c.token == nil || !c.token.isApp() {
		return nil, &apiError{Status: http.StatusUnauthorized, Message: "A JSON web token could not be decoded"}
	}
	return c.token.app, nil
}

// installation is that of the path.
func (c *call) installation() (*installation, error) {
	a, err := c.app()
	if err != nil {
		return nil, err
	}
	for _, i := range a.installations {
		if strconv.FormatInt(i.ID, 10) == c.request.PathValue("id") {
			return i, nil
		}
	}
	return nil, notFound()
}

func installationOf(c *call) (int, any, error) {
	a, err := c.app()
	if err != nil {
		return 0, nil, err
	}
	login, name := c.request.PathValue("login"), ""
	if c.repo != nil {
		login, name = c.repo.owner.login, c.repo.fullName()
	}
	i := a.installationOf(login, name)
	if i == nil {
		return 0, nil, notFound()
	}
	return http.StatusOK, c.links.installation(i), nil
}

// accessToken gives an installation a token, with less than it has where the
// App asks for less.
func accessToken(c *call) (int, any, error) {
	c.logged.Write = false
	i, err := c.installation()
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Repositories []string
		Permissions  map[string]string
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	t := &Token{
		Login: i.app.slug + "[bot]", Kind: InstallationToken, Permissions: i.Permissions, Repositories: i.Repositories,
		owner: i.account, app: i.app, installation: i, number: i.ID, expires: c.now().Add(tokenLife),
	}
	if in.Repositories != nil {
		if t.Repositories, err = i.narrow(c.Server, in.Repositories); err != nil {
			return 0, nil, err
		}
	}
	if in.Permissions != nil {
		for name, level := range in.Permissions {
			if has := i.Permissions[name]; i.Permissions != nil && has != level && has != "write" {
				return 0, nil, unprocessable("The permissions requested are not granted to this installation.")
			}
		}
		t.Permissions = in.Permissions
	}
	secret := fmt.Sprintf("ghs_sandbox%d", c.newID())
	c.tokens[secret] = t
	return http.StatusCreated, jsonObject{
		"token": secret, "expires_at": stamp(t.expires), "permissions": permissionsShape(t.Permissions), "repository_selection": selection(t.Repositories),
	}, nil
}

// narrow turns short names into full ones of repositories that the
// installation covers.
func (i *installation) narrow(s *Server, names []string) ([]string, error) {
	full := make([]string, 0, len(names))
	for _, n := range names {
		name := i.account.login + "/" + n
		if s.repository(name) == nil || i.app.installationOf(i.Account, name) == nil {
			return nil, unprocessable("There is at least one repository that does not exist or is not accessible to the parent installation.")
		}
		full = append(full, name)
	}
	return full, nil
}

func installationRepositories(c *call) (int, any, error) {
	if c.token == nil || c.token.Kind == UserToken {
		return 0, nil, &apiError{Status: http.StatusForbidden, Message: "You must authenticate with an installation access token in order to list repositories for an installation."}
	}
	var found []*repository
	for _, r := range c.ordered {
		if c.token.grants(r) {
			found = append(found, r)
		}
	}
	return http.StatusOK, jsonObject{
		"total_count": len(found), "repository_selection": selection(c.token.Repositories),
		"repositories": paged(c, found, func(r *repository) any { return c.links.repository(r) }),
	}, nil
}

func selection(names []string) string {
	if names == nil {
		return "all"
	}
	return "selected"
}

// permissionsShape shows all that the sandbox knows where nothing was said.
func permissionsShape(p map[string]string) map[string]string {
	if p != nil {
		return p
	}
	return map[string]string{"metadata": "read", "contents": "write", "pull_requests": "write", "issues": "write", "workflows": "write"}
}

func (l links) installation(i *installation) jsonObject {
	at := fmt.Sprintf("%s/app/installations/%d", l.api, i.ID)
	return jsonObject{
		"id": i.ID, "account": l.user(i.account), "app_id": i.app.id, "app_slug": i.app.slug, "target_id": i.account.id,
		"target_type": string(i.account.kind), "repository_selection": selection(i.Repositories), "access_tokens_url": at + "/access_tokens",
		"repositories_url": l.api + "/installation/repositories", "html_url": fmt.Sprintf("%s/settings/installations/%d", l.web, i.ID),
		"permissions": permissionsShape(i.Permissions), "events": []string{}, "single_file_name": nil,
		"created_at": stamp(i.created), "updated_at": stamp(i.created), "suspended_by": nil, "suspended_at": nil,
	}
}

func (l links) app(s *Server, a *app) jsonObject {
	page := l.web + "/apps/" + a.slug
	return jsonObject{
		"id": a.id, "slug": a.slug, "node_id": nodeID("A", a.id), "owner": l.user(s.person(a.slug + "[bot]")), "name": a.slug, "description": "",
		"external_url": page, "html_url": page, "created_at": stamp(a.created), "updated_at": stamp(a.created),
		"permissions": permissionsShape(nil), "events": []string{}, "installations_count": len(a.installations),
	}
}
