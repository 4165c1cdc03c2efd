package github

import "net/http"

var accountRoutes = []route{
	{pattern: "GET /rate_limit", serve: func(c *call) (int, any, error) {
		core := c.budget(c.token, coreResource).body()
		return http.StatusOK, jsonObject{"rate": core, "resources": jsonObject{
			"core": core, "search": c.budget(c.token, "search").body(), "graphql": c.budget(c.token, graphqlResource).body(),
		}}, nil
	}},
	{pattern: "GET /user", serve: func(c *call) (int, any, error) {
		if c.token == nil {
			return 0, nil, &apiError{Status: http.StatusUnauthorized, Message: "Requires authentication"}
		}
		if c.token.Kind != UserToken {
			return 0, nil, &apiError{Status: http.StatusForbidden, Message: c.token.refusal()}
		}
		return http.StatusOK, c.links.profile(c.account(c.token)), nil
	}},
	{pattern: "GET /users/{login}", serve: func(c *call) (int, any, error) {
		a := c.accounts[fold(c.request.PathValue("login"))]
		if a == nil {
			return 0, nil, notFound()
		}
		return http.StatusOK, c.links.profile(a), nil
	}},
	{pattern: "GET /users/{login}/repos", serve: ownedRepositories},
	{pattern: "GET /orgs/{login}/repos", serve: ownedRepositories},
	{pattern: "GET /repos/{owner}/{repo}", needs: "metadata:read", serve: func(c *call) (int, any, error) {
		return http.StatusOK, c.whole(c.repo), nil
	}},
}

func ownedRepositories(c *call) (int, any, error) {
	owner := c.accounts[fold(c.request.PathValue("login"))]
	if owner == nil {
		return 0, nil, notFound()
	}
	var found []*repository
	for _, r := range c.ordered {
		if r.owner == owner && c.token.sees(r) {
			found = append(found, r)
		}
	}
	return http.StatusOK, paged(c, found, func(r *repository) any { return c.links.repository(r) }), nil
}
