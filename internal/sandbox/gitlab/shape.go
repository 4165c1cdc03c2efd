package gitlab

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// stamp is a time as GitLab shows it; null for none.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00")
}

// extra has a literal stand where the grammar wants no braces.
func extra(j jsonObject) jsonObject { return j }

// user is an account as it is shown beside other things.
func (c *call) user(a *account) jsonObject {
	return jsonObject{
		"id": a.id, "username": a.username, "name": a.name, "state": "active", "locked": false, "public_email": "",
		"avatar_url": nil, "web_url": c.web + "/" + a.username,
	}
}

// userOrNull is null for no account.
func (c *call) userOrNull(a *account) any {
	if a == nil {
		return nil
	}
	return c.user(a)
}

func (c *call) users(accounts []*account) []any {
	return shaped(accounts, func(a *account) any { return c.user(a) })
}

func (c *call) namespace(n *namespace) jsonObject {
	j := jsonObject{"id": n.id, "name": n.name(), "path": n.name(), "kind": n.kind(), "full_path": n.path, "parent_id": nil, "avatar_url": nil, "web_url": c.web + "/" + n.path}
	if n.parent != nil {
		j["parent_id"] = n.parent.id
	}
	return j
}

// simpleProject is a project as nobody sees it, and beside other things.
func (c *call) simpleProject(p *project) jsonObject {
	at := c.web + "/" + p.path()
	_, host, _ := strings.Cut(c.web, "://")
	host, _, _ = strings.Cut(host, "/")
	return jsonObject{
		"id": p.id, "description": orNull(p.options.Description), "name": p.name, "name_with_namespace": strings.ReplaceAll(p.path(), "/", " / "),
		"path": p.name, "path_with_namespace": p.path(), "created_at": stamp(p.created), "default_branch": p.options.DefaultBranch,
		"tag_list": append([]string{}, p.options.Topics...), "topics": append([]string{}, p.options.Topics...),
		"ssh_url_to_repo": fmt.Sprintf("git@%s:%s.git", host, p.path()), "http_url_to_repo": at + ".git", "web_url": at, "readme_url": nil,
		"forks_count": 0, "avatar_url": nil, "star_count": 0, "last_activity_at": stamp(p.active),
		"visibility": p.options.Visibility, "namespace": c.namespace(p.space),
	}
}

// projectShape is a project as a user sees it.
func (c *call) projectShape(p *project) jsonObject {
	o, j := p.options, c.simpleProject(p)
	enabled := func(off bool) string { return map[bool]string{true: "disabled", false: "enabled"}[off] }
	at := fmt.Sprintf("%s%s/projects/%d", c.web, apiPath, p.id)
	for name, value := range extra(jsonObject{
		"archived": o.Archived, "empty_repo": p.empty(), "packages_enabled": true, "issues_enabled": true, "merge_requests_enabled": !o.NoMergeRequests,
		"wiki_enabled": false, "jobs_enabled": true, "snippets_enabled": false, "container_registry_enabled": true, "lfs_enabled": true,
		"repository_access_level": enabled(o.Disabled), "merge_requests_access_level": enabled(o.NoMergeRequests || o.Disabled),
		"builds_access_level": "enabled", "container_registry_access_level": "enabled", "forking_access_level": "enabled",
		"container_registry_image_prefix": registryHost + "/" + strings.ToLower(p.path()), "can_create_merge_request_in": c.token.role(p) >= Developer,
		"creator_id": 1, "import_status": "none", "open_issues_count": 0, "updated_at": stamp(p.active), "shared_with_groups": []any{},
		"merge_method": o.MergeMethod, "squash_option": o.SquashOption, "only_allow_merge_if_pipeline_succeeds": o.RequirePipeline,
		"remove_source_branch_after_merge": true, "marked_for_deletion_at": nil, "marked_for_deletion_on": nil, "ci_config_path": nil,
		"_links":      jsonObject{"self": at, "merge_requests": at + "/merge_requests", "repo_branches": at + "/repository/branches", "labels": at + "/labels", "events": at + "/events", "members": at + "/members"},
		"permissions": jsonObject{"project_access": nil, "group_access": nil},
	}) {
		j[name] = value
	}
	if o.Deleting {
		day := c.now().AddDate(0, 0, -1).Format(time.DateOnly)
		j["marked_for_deletion_at"], j["marked_for_deletion_on"] = day, day
	}
	if p.forkOf != nil && c.token.sees(p.forkOf) {
		j["forked_from_project"] = c.simpleProject(p.forkOf)
	}
	if role := c.token.role(p); role > 0 {
		j["permissions"] = jsonObject{"project_access": jsonObject{"access_level": role, "notification_level": 3}, "group_access": nil}
	}
	if p.space.account != nil {
		j["owner"] = c.user(p.space.account)
	}
	return j
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (c *call) label(p *project, name string) jsonObject {
	return jsonObject{
		"id": p.labels[name], "name": name, "color": "#6699cc", "text_color": "#FFFFFF", "description": "", "description_html": "",
		"subscribed": false, "priority": nil, "is_project_label": true, "archived": false,
	}
}

// commit is a commit as it is shown in lists.
func (c *call) commit(p *project, v git.Commit) jsonObject {
	return jsonObject{
		"id": v.ID, "short_id": v.ID[:8], "created_at": stamp(v.Committer.When), "parent_ids": append([]git.ID{}, v.Parents...),
		"title": v.Headline(), "message": v.Message, "author_name": v.Author.Name, "author_email": v.Author.Email, "authored_date": stamp(v.Author.When),
		"committer_name": v.Committer.Name, "committer_email": v.Committer.Email, "committed_date": stamp(v.Committer.When),
		"trailers": jsonObject{}, "extended_trailers": jsonObject{}, "web_url": fmt.Sprintf("%s/%s/-/commit/%s", c.web, p.path(), v.ID),
	}
}

// commitDetail is a commit on its own.
func (c *call) commitDetail(p *project, v git.Commit) jsonObject {
	j := c.commit(p, v)
	var parent git.ID
	if len(v.Parents) > 0 {
		parent = v.Parents[0]
	}
	var n git.Lines
	for _, d := range p.git.Diff(p.git.TreeOf(parent), v.Tree) {
		n = n.Plus(p.git.Count(d))
	}
	j["stats"] = jsonObject{"additions": n.Added, "deletions": n.Deleted, "total": n.Added + n.Deleted}
	j["status"], j["project_id"], j["last_pipeline"] = nil, p.id, nil
	return j
}

func (c *call) branch(p *project, name string) jsonObject {
	id, _ := p.git.Ref(git.BranchPrefix + name)
	v, _ := p.git.Commit(id) // a branch's commit is there
	head, _ := p.git.Ref(p.defaultRef())
	protected := name == p.options.DefaultBranch || matches(p.options.Protected, name) || matches(p.options.ForceProtected, name)
	return jsonObject{
		"name": name, "commit": c.commit(p, v), "merged": name != p.options.DefaultBranch && p.git.IsAncestor(id, head), "protected": protected,
		"developers_can_push": false, "developers_can_merge": false, "can_push": c.mayPush(p, name) == nil, "default": name == p.options.DefaultBranch,
		"web_url": fmt.Sprintf("%s/%s/-/tree/%s", c.web, p.path(), (&url.URL{Path: name}).EscapedPath()),
	}
}
