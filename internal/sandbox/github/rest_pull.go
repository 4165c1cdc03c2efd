package github

import (
	"net/http"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

var pullRoutes = []route{
	{pattern: "GET /repos/{owner}/{repo}/pulls", needs: "pull_requests:read", serve: listPulls},
	{pattern: "POST /repos/{owner}/{repo}/pulls", needs: "pull_requests:write", content: true, serve: postPull},
	{pattern: "GET /repos/{owner}/{repo}/pulls/{number}", needs: "pull_requests:read", serve: withPull(func(c *call, p *pull) (int, any, error) {
		return http.StatusOK, c.pullShape(c.links, p), nil
	})},
	{pattern: "PATCH /repos/{owner}/{repo}/pulls/{number}", needs: "pull_requests:write", content: true, serve: withPull(patchPull)},
	{pattern: "GET /repos/{owner}/{repo}/pulls/{number}/commits", needs: "pull_requests:read", serve: withPull(func(c *call, p *pull) (int, any, error) {
		return http.StatusOK, paged(c, p.commits(), func(commit git.Commit) any { return c.commitShape(c.links, c.repo, commit) }), nil
	})},
	{pattern: "GET /repos/{owner}/{repo}/pulls/{number}/files", needs: "pull_requests:read", serve: withPull(func(c *call, p *pull) (int, any, error) {
		all := p.files()
		return http.StatusOK, paged(c, all[:min(len(all), maxFiles)], func(d change) any { return c.links.diffEntry(c.repo, p.headID, d) }), nil
	})},
	{pattern: "GET /repos/{owner}/{repo}/pulls/{number}/merge", needs: "pull_requests:read", serve: withPull(func(_ *call, p *pull) (int, any, error) {
		if !p.merged {
			return http.StatusNotFound, nil, nil
		}
		return http.StatusNoContent, nil, nil
	})},
	{pattern: "PUT /repos/{owner}/{repo}/pulls/{number}/merge", needs: "contents:write", content: true, serve: withPull(putMerge)},
	{pattern: "GET /repos/{owner}/{repo}/pulls/{number}/requested_reviewers", needs: "pull_requests:read", serve: withPull(func(c *call, p *pull) (int, any, error) {
		return http.StatusOK, jsonObject{"users": c.links.users(p.reviewers), "teams": c.links.teams(p)}, nil
	})},
	{pattern: "POST /repos/{owner}/{repo}/pulls/{number}/requested_reviewers", needs: "pull_requests:write", content: true, serve: withPull(postReviewers)},
	{pattern: "DELETE /repos/{owner}/{repo}/pulls/{number}/requested_reviewers", needs: "pull_requests:write", serve: withPull(deleteReviewers)},
}

// withPull makes a route of what is done with the path's pull request.
func withPull(f func(*call, *pull) (int, any, error)) func(*call) (int, any, error) {
	return func(c *call) (int, any, error) {
		p, err := c.pull()
		if err != nil {
			return 0, nil, err
		}
		return f(c, p)
	}
}

func listPulls(c *call) (int, any, error) {
	query := c.request.URL.Query()
	state, head, base := query.Get("state"), query.Get("head"), query.Get("base")
	found := slices.DeleteFunc(slices.Clone(c.repo.pulls[1:]), func(p *pull) bool {
		return (state == "" || state == "open") && !p.open || state == "closed" && p.open ||
			head != "" && !strings.EqualFold(head, p.from.owner.login+":"+p.head) || base != "" && base != p.base
	})
	if query.Get("sort") == "updated" {
		slices.SortStableFunc(found, func(a, b *pull) int { return a.updated.Compare(b.updated) })
	}
	direction := query.Get("direction")
	if direction == "desc" || direction == "" && (query.Get("sort") == "" || query.Get("sort") == "created") {
		slices.Reverse(found)
	}
	return http.StatusOK, paged(c, found, func(p *pull) any { return c.links.pullSimple(p) }), nil
}

func postPull(c *call) (int, any, error) {
	var in struct {
		Head, Base, Title, Body string
		Draft                   bool
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if err := c.mayPropose(c.repo); err != nil {
		return 0, nil, err
	}
	n := newPull{head: in.Head, base: in.Base, title: in.Title, body: in.Body, draft: in.Draft}
	if owner, branch, ok := strings.Cut(in.Head, ":"); ok {
		n.head = branch
		if fold(owner) != fold(c.repo.owner.login) {
			if n.from = c.repository(owner + "/" + c.repo.name); n.from == nil {
				return 0, nil, invalidField("PullRequest", "head", "invalid")
			}
		}
	}
	p, err := c.createPull(c.repo, c.actor(), n)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.pullShape(c.links, p), nil
}

func patchPull(c *call, p *pull) (int, any, error) {
	in := args{}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if in.has("base") {
		in["baseRefName"] = in["base"]
	}
	if err := c.edit(p, in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.pullShape(c.links, p), nil
}

func putMerge(c *call, p *pull) (int, any, error) {
	var in struct {
		Title   string `json:"commit_title"`
		Message string `json:"commit_message"`
		Method  string `json:"merge_method"`
		SHA     git.ID
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	err := c.mergePull(p, c.actor(), mergeRequest{method: strings.ToUpper(in.Method), title: in.Title, message: in.Message, head: in.SHA})
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, jsonObject{"sha": p.mergeID, "merged": true, "message": "Pull Request successfully merged"}, nil
}

// reviewersIn are the reviewers that a client names.
type reviewersIn struct {
	Reviewers     []string
	TeamReviewers []string `json:"team_reviewers"`
}

func postReviewers(c *call, p *pull) (int, any, error) {
	var in reviewersIn
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	var users []*account
	for _, login := range in.Reviewers {
		u := c.accounts[fold(login)]
		switch {
		case u == nil || u.kind == Organization:
			return 0, nil, unprocessable("Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the " + c.repo.fullName() + " repository.")
		case u == p.author:
			return 0, nil, unprocessable("Review cannot be requested from pull request author.")
		}
		users = append(users, u)
	}
	if len(in.TeamReviewers) > 0 && c.repo.owner.kind != Organization {
		return 0, nil, unprocessable("Could not resolve to a node with the global id of '" + in.TeamReviewers[0] + "'.")
	}
	for _, u := range users {
		if !slices.Contains(p.reviewers, u) {
			p.reviewers = append(p.reviewers, u)
		}
	}
	for _, slug := range in.TeamReviewers {
		if !slices.Contains(p.teams, slug) {
			p.teams = append(p.teams, slug)
		}
	}
	p.updated = c.now()
	return http.StatusCreated, c.links.pullSimple(p), nil
}

func deleteReviewers(c *call, p *pull) (int, any, error) {
	var in reviewersIn
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	p.reviewers = slices.DeleteFunc(p.reviewers, func(u *account) bool { return slices.Contains(in.Reviewers, u.login) })
	p.teams = slices.DeleteFunc(p.teams, func(slug string) bool { return slices.Contains(in.TeamReviewers, slug) })
	return http.StatusOK, c.links.pullSimple(p), nil
}
