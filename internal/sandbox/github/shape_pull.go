package github

import (
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// pullSimple is a pull request as lists show it.
func (l links) pullSimple(p *pull) jsonObject {
	r := p.repository
	at := fmt.Sprintf("%s/repos/%s/pulls/%d", l.api, r.fullName(), p.number)
	issue := fmt.Sprintf("%s/repos/%s/issues/%d", l.api, r.fullName(), p.number)
	page := p.url(l.web)
	statuses := fmt.Sprintf("%s/repos/%s/statuses/%s", l.api, r.fullName(), p.headID)
	j := jsonObject{
		"id": p.id, "node_id": p.nodeID(), "number": p.number, "url": at, "html_url": page, "diff_url": page + ".diff",
		"patch_url": page + ".patch", "issue_url": issue, "commits_url": at + "/commits", "review_comments_url": at + "/comments",
		"review_comment_url": l.api + "/repos/" + r.fullName() + "/pulls/comments{/number}", "comments_url": issue + "/comments",
		"statuses_url": statuses, "state": p.restState(), "locked": false, "active_lock_reason": nil, "title": p.title, "user": l.user(p.author),
		"body": orNull(p.body), "labels": l.labels(r, p.labels), "milestone": nil, "draft": p.draft, "created_at": stamp(p.created), "updated_at": stamp(p.updated),
		"closed_at": stamp(p.closed), "merged_at": nil, "merge_commit_sha": orNull(string(p.mergeID)),
		"assignees": l.users(p.assignees), "assignee": nil, "requested_reviewers": l.users(p.reviewers), "requested_teams": l.teams(p),
		"head": l.end(p.from, p.head, p.headID), "base": l.end(r, p.base, p.baseID), "author_association": "CONTRIBUTOR", "auto_merge": l.auto(p),
	}
	if p.merged {
		j["merged_at"] = stamp(p.closed)
	}
	if len(p.assignees) > 0 {
		j["assignee"] = l.user(p.assignees[0])
	}
	j["_links"] = jsonObject{
		"self": href(at), "html": href(page), "issue": href(issue), "comments": href(issue + "/comments"), "review_comments": href(at + "/comments"),
		"review_comment": href(l.api + "/repos/" + r.fullName() + "/pulls/comments{/number}"), "commits": href(at + "/commits"), "statuses": href(statuses),
	}
	return j
}

func href(url string) jsonObject { return jsonObject{"href": url} }

// end is one of the two branches of a pull request.
func (l links) end(r *repository, branch string, id git.ID) jsonObject {
	return jsonObject{"label": r.owner.login + ":" + branch, "ref": branch, "sha": id, "user": l.user(r.owner), "repo": l.repository(r)}
}

func (l links) auto(p *pull) any {
	if p.auto == nil {
		return nil
	}
	return jsonObject{
		"enabled_by": l.user(p.auto.by), "merge_method": strings.ToLower(p.auto.method), "commit_title": p.auto.title, "commit_message": p.auto.message,
	}
}

func (p *pull) restState() string {
	if p.open {
		return "open"
	}
	return "closed"
}

func (l links) teams(p *pull) []any {
	teams := make([]any, 0, len(p.teams))
	for i, slug := range p.teams {
		at := fmt.Sprintf("%s/organizations/%d/team/%d", l.api, p.repository.owner.id, i+1)
		teams = append(teams, jsonObject{
			"id": i + 1, "node_id": nodeID("T", p.repository.owner.id, slug), "url": at, "members_url": at + "/members{/member}",
			"repositories_url": at + "/repos", "name": slug, "slug": slug, "description": nil, "permission": "push", "privacy": "closed",
			"notification_setting": "notifications_enabled", "parent": nil, "type": "organization", "organization_id": p.repository.owner.id,
			"html_url": fmt.Sprintf("%s/orgs/%s/teams/%s", l.web, p.repository.owner.login, slug),
		})
	}
	return teams
}

// pullShape is a pull request on its own.
func (s *Server) pullShape(l links, p *pull) jsonObject {
	j := l.pullSimple(p)
	n := p.lines()
	j["merged"], j["comments"], j["review_comments"], j["maintainer_can_modify"] = p.merged, len(p.comments), 0, false
	j["commits"], j["additions"], j["deletions"], j["changed_files"] = len(p.commits()), n.Added, n.Deleted, len(p.files())
	j["merged_by"], j["rebaseable"] = nil, nil
	if p.merged {
		j["merged_by"] = l.user(p.closedBy)
	}
	state := s.mergeState(p)
	j["mergeable_state"] = strings.ToLower(state)
	switch state {
	case "UNKNOWN":
		j["mergeable"] = nil
	default:
		j["mergeable"] = state != "DIRTY"
	}
	return j
}

// issue is a pull request as an issue.
func (l links) issue(p *pull) jsonObject {
	r := p.repository
	at := fmt.Sprintf("%s/repos/%s/issues/%d", l.api, r.fullName(), p.number)
	page := p.url(l.web)
	j := jsonObject{
		"id": p.id, "node_id": p.nodeID(), "number": p.number, "url": at, "repository_url": l.api + "/repos/" + r.fullName(),
		"labels_url": at + "/labels{/name}", "comments_url": at + "/comments", "events_url": at + "/events", "html_url": page,
		"state": p.restState(), "title": p.title, "body": orNull(p.body), "user": l.user(p.author), "labels": l.labels(r, p.labels),
		"assignee": nil, "assignees": l.users(p.assignees), "milestone": nil, "locked": false, "comments": len(p.comments),
		"closed_at": stamp(p.closed), "created_at": stamp(p.created), "updated_at": stamp(p.updated), "author_association": "CONTRIBUTOR",
		"pull_request": jsonObject{
			"url": fmt.Sprintf("%s/repos/%s/pulls/%d", l.api, r.fullName(), p.number), "html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch",
		},
	}
	if len(p.assignees) > 0 {
		j["assignee"] = l.user(p.assignees[0])
	}
	return j
}
