package github

import (
	"fmt"
	"time"
)

// jsonObject is a JSON object, as REST shows things: with many addresses.
type jsonObject = map[string]any

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(time.RFC3339)
}

// user is an account as it is shown beside other things.
func (l links) user(a *account) jsonObject {
	if a == nil {
		return nil
	}
	u := jsonObject{
		"login": a.login, "id": a.id, "node_id": a.nodeID(), "type": string(a.kind), "site_admin": false, "gravatar_id": "",
		"avatar_url": l.web + "/" + a.login + ".png", "html_url": l.web + "/" + a.login, "url": l.api + "/users/" + a.login,
	}
	at := l.api + "/users/" + a.login
	for key, rest := range map[string]string{
		"followers_url": "/followers", "following_url": "/following{/other_user}", "gists_url": "/gists{/gist_id}",
		"starred_url": "/starred{/owner}{/repo}", "subscriptions_url": "/subscriptions", "organizations_url": "/orgs",
		"repos_url": "/repos", "events_url": "/events{/privacy}", "received_events_url": "/received_events",
	} {
		u[key] = at + rest
	}
	return u
}

// userOrNull is null for no account; a nil map would be, too, but not to readers.
func (l links) userOrNull(a *account) any {
	if a == nil {
		return nil
	}
	return l.user(a)
}

func (l links) users(accounts []*account) []any {
	list := make([]any, 0, len(accounts))
	for _, a := range accounts {
		list = append(list, l.user(a))
	}
	return list
}

// profile is an account on its own.
func (l links) profile(a *account) jsonObject {
	u := l.user(a)
	for _, key := range []string{"name", "company", "location", "email", "hireable", "bio", "twitter_username"} {
		u[key] = nil
	}
	u["blog"], u["user_view_type"] = "", "public"
	u["public_repos"], u["public_gists"], u["followers"], u["following"] = 0, 0, 0, 0
	u["created_at"], u["updated_at"] = stamp(a.created), stamp(a.created)
	return u
}

// repository is a repository as REST shows it everywhere.
func (l links) repository(r *repository) jsonObject {
	o := r.options
	at := l.api + "/repos/" + r.fullName()
	page := l.web + "/" + r.fullName()
	j := jsonObject{
		"id": r.id, "node_id": r.nodeID(), "name": r.name, "full_name": r.fullName(), "owner": l.user(r.owner),
		"private": o.Private, "visibility": map[bool]string{true: "private", false: "public"}[o.Private],
		"description": orNull(o.Description), "fork": o.Fork, "archived": o.Archived, "disabled": o.Disabled, "is_template": false,
		"default_branch": o.DefaultBranch, "language": orNull(o.Language), "topics": append([]string{}, o.Topics...), "size": r.size(),
		"html_url": page, "url": at, "git_url": fmt.Sprintf("git://%s/%s.git", l.host(), r.fullName()), "ssh_url": fmt.Sprintf("git@%s:%s.git", l.host(), r.fullName()),
		"clone_url": page + ".git", "svn_url": page, "mirror_url": nil, "homepage": nil, "license": nil,
		"has_issues": true, "has_projects": true, "has_wiki": false, "has_pages": false, "has_downloads": true, "has_discussions": false,
		"forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
		"open_issues": len(r.openPulls()), "open_issues_count": len(r.openPulls()),
		"allow_forking": true, "web_commit_signoff_required": false,
		"created_at": stamp(r.created), "updated_at": stamp(r.pushed), "pushed_at": stamp(r.pushed),
	}
	for key, rest := range repositoryURLs {
		j[key] = at + rest
	}
	return j
}

// repositoryURLs are the addresses that REST gives under a repository's own.
var repositoryURLs = map[string]string{
	"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}", "blobs_url": "/git/blobs{/sha}",
	"branches_url": "/branches{/branch}", "collaborators_url": "/collaborators{/collaborator}", "comments_url": "/comments{/number}",
	"commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}", "contents_url": "/contents/{+path}",
	"contributors_url": "/contributors", "deployments_url": "/deployments", "downloads_url": "/downloads", "events_url": "/events",
	"forks_url": "/forks", "git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}", "git_tags_url": "/git/tags{/sha}",
	"hooks_url": "/hooks", "issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}",
	"issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}", "languages_url": "/languages",
	"merges_url": "/merges", "milestones_url": "/milestones{/number}", "notifications_url": "/notifications{?since,all,participating}",
	"pulls_url": "/pulls{/number}", "releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}",
	"subscribers_url": "/subscribers", "subscription_url": "/subscription", "tags_url": "/tags", "teams_url": "/teams",
	"trees_url": "/git/trees{/sha}",
}

// whole is a repository on its own, with what only that shows.
func (c *call) whole(r *repository) jsonObject {
	j := c.links.repository(r)
	j["network_count"], j["subscribers_count"] = 0, 0
	if c.token == nil || c.token.isApp() {
		return j
	}
	write := c.token.may(r, "contents", "write")
	j["permissions"] = jsonObject{"admin": c.permission(r) == "ADMIN", "maintain": false, "push": write, "triage": write, "pull": true}
	if write {
		j["allow_auto_merge"] = r.options.AutoMerge
		j["allow_merge_commit"], j["allow_squash_merge"], j["allow_rebase_merge"] = true, true, true
		j["delete_branch_on_merge"] = false
	}
	return j
}

func (l links) label(r *repository, name string) jsonObject {
	return jsonObject{
		"id": r.labels[name], "node_id": nodeID("LA", r.id, name), "url": fmt.Sprintf("%s/repos/%s/labels/%s", l.api, r.fullName(), pathEscape(name)),
		"name": name, "description": "", "color": "ededed", "default": false,
	}
}

func (l links) labels(r *repository, names []string) []any {
	list := make([]any, 0, len(names))
	for _, n := range names {
		list = append(list, l.label(r, n))
	}
	return list
}

func (l links) comment(p *pull, c *comment) jsonObject {
	at := fmt.Sprintf("%s/repos/%s/issues", l.api, p.repository.fullName())
	return jsonObject{
		"id": c.id, "node_id": nodeID("IC", c.id), "url": fmt.Sprintf("%s/comments/%d", at, c.id),
		"html_url": fmt.Sprintf("%s#issuecomment-%d", p.url(l.web), c.id), "issue_url": fmt.Sprintf("%s/%d", at, p.number),
		"user": l.user(c.author), "body": c.body, "created_at": stamp(c.created), "updated_at": stamp(c.created),
		"author_association": "NONE",
	}
}
