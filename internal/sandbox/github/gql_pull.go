package github

import (
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

type pullObject struct{ *pull }

func (pullObject) kinds() []string {
	return []string{
		"PullRequest", "Node", "Assignable", "Closable", "Comment", "Labelable", "Lockable", "RepositoryNode",
		"UniformResourceLocatable", "Updatable",
	}
}

func (o pullObject) field(q *query, name string, a args) (any, error) {
	if f, ok := pullValues[name]; ok {
		return f(o.pull), nil
	}
	return resolve(pullFields, q, o.pull, name, a)
}

// pullValues are the fields that are known without looking further.
var pullValues = map[string]func(*pull) any{
	"id":                func(p *pull) any { return p.nodeID() },
	"databaseId":        func(p *pull) any { return p.id },
	"fullDatabaseId":    func(p *pull) any { return fmt.Sprint(p.id) },
	"number":            func(p *pull) any { return p.number },
	"state":             func(p *pull) any { return p.state() },
	"title":             func(p *pull) any { return p.title },
	"body":              func(p *pull) any { return p.body },
	"bodyText":          func(p *pull) any { return p.body },
	"isDraft":           func(p *pull) any { return p.draft },
	"locked":            func(*pull) any { return false },
	"baseRefName":       func(p *pull) any { return p.base },
	"headRefName":       func(p *pull) any { return p.head },
	"headRefOid":        func(p *pull) any { return string(p.headID) },
	"baseRefOid":        func(p *pull) any { return string(p.baseID) },
	"isCrossRepository": func(p *pull) any { return p.from != p.repository },
	"closed":            func(p *pull) any { return !p.open },
	"merged":            func(p *pull) any { return p.merged },
	"createdAt":         func(p *pull) any { return p.created },
	"updatedAt":         func(p *pull) any { return p.updated },
	"author":            func(p *pull) any { return accountObject(p.author) },
	"repository":        func(p *pull) any { return repositoryObject{p.repository} },
	"baseRepository":    func(p *pull) any { return repositoryObject{p.repository} },
	"headRepository":    func(p *pull) any { return repositoryObject{p.from} },
	"headRepositoryOwner": func(p *pull) any {
		return accountObject(p.from.owner)
	},
	"changedFiles":        func(p *pull) any { return len(p.files()) },
	"maintainerCanModify": func(*pull) any { return false },
	"closedAt": func(p *pull) any {
		if p.open {
			return nil
		}
		return p.closed
	},
	"mergedAt": func(p *pull) any {
		if !p.merged {
			return nil
		}
		return p.closed
	},
	"mergedBy": func(p *pull) any {
		if !p.merged {
			return nil
		}
		return accountObject(p.closedBy)
	},
	"mergeCommit": func(p *pull) any { return gitObject(p.repository, p.mergeID) },
	"reviewDecision": func(p *pull) any {
		switch {
		case len(p.approved) > 0:
			return "APPROVED"
		case p.repository.options.RequireApproval:
			return "REVIEW_REQUIRED"
		}
		return nil
	},
}

var pullFields = resolvers[*pull]{
	"url":              func(q *query, p *pull, _ args) (any, error) { return p.url(q.links.web), nil },
	"mergeable":        func(q *query, p *pull, _ args) (any, error) { return q.mergeable(p), nil },
	"mergeStateStatus": func(q *query, p *pull, _ args) (any, error) { return q.mergeState(p), nil },
	"viewerDidAuthor":  func(q *query, p *pull, _ args) (any, error) { return p.author == q.account(q.token), nil },
	"viewerCanUpdate": func(q *query, p *pull, _ args) (any, error) {
		return q.token.may(p.repository, "pull_requests", "write"), nil
	},
	"additions": func(_ *query, p *pull, _ args) (any, error) { return p.lines().Added, nil },
	"deletions": func(_ *query, p *pull, _ args) (any, error) { return p.lines().Deleted, nil },
	"baseRef": func(_ *query, p *pull, _ args) (any, error) {
		return refOrNull(p.repository, git.BranchPrefix+p.base), nil
	},
	"headRef": func(_ *query, p *pull, _ args) (any, error) {
		return refOrNull(p.from, git.BranchPrefix+p.head), nil
	},
	"commits": func(_ *query, p *pull, a args) (any, error) {
		return connect("PullRequestCommit", p.commits(), a, func(c git.Commit) object {
			return values{"PullRequestCommit", map[string]any{
				"id": nodeID("PURC", p.id, c.ID), "commit": commitObject{p.repository, c.ID}, "pullRequest": pullObject{p},
			}}
		})
	},
	"labels": func(_ *query, p *pull, a args) (any, error) {
		return connect("Label", p.labels, a, func(n string) object { return labelObject{p.repository, n} })
	},
	"assignees": func(_ *query, p *pull, a args) (any, error) {
		return connect("User", p.assignees, a, func(u *account) object { return userObject{u} })
	},
	"reviewRequests": func(_ *query, p *pull, a args) (any, error) {
		return connect("ReviewRequest", p.requested(), a, func(o object) object {
			return values{"ReviewRequest", map[string]any{"requestedReviewer": o, "asCodeOwner": false, "pullRequest": pullObject{p}}}
		})
	},
	"files": func(_ *query, p *pull, a args) (any, error) {
		return connect("PullRequestChangedFile", p.files(), a, func(d change) object {
			n := p.repository.git.Count(d.Difference)
			return values{"PullRequestChangedFile", map[string]any{
				"path": d.Path, "additions": n.Added, "deletions": n.Deleted, "changeType": d.kind(),
			}}
		})
	},
	"comments": func(q *query, p *pull, a args) (any, error) {
		return connect("IssueComment", p.comments, a, func(c *comment) object { return q.comment(p, c) })
	},
	"autoMergeRequest": func(_ *query, p *pull, _ args) (any, error) {
		if p.auto == nil {
			return nil, nil
		}
		return values{"AutoMergeRequest", map[string]any{
			"enabledAt": p.auto.enabled, "mergeMethod": p.auto.method, "enabledBy": accountObject(p.auto.by),
			"commitHeadline": orNull(p.auto.title), "commitBody": orNull(p.auto.message), "pullRequest": pullObject{p},
		}}, nil
	},
	"timelineItems": func(q *query, p *pull, a args) (any, error) {
		var items []object
		if !p.open && a.allows("itemTypes", "CLOSED_EVENT") {
			items = append(items, values{"ClosedEvent", map[string]any{
				"id": nodeID("CE", p.id), "createdAt": p.closed, "actor": accountObject(p.closedBy), "closable": pullObject{p},
				"url": p.url(q.links.web) + "#event-1",
			}})
		}
		return connect("PullRequestTimelineItems", items, a, func(o object) object { return o })
	},
}

func changeType(d git.Difference) string {
	switch {
	case d.Old.ID == "":
		return "ADDED"
	case d.New.ID == "":
		return "DELETED"
	}
	return "MODIFIED"
}

// requested are the reviewers that have been asked.
func (p *pull) requested() []object {
	var found []object
	for _, u := range p.reviewers {
		found = append(found, userObject{u})
	}
	for _, t := range p.teams {
		found = append(found, teamObject(p.repository.owner, t))
	}
	return found
}

func teamObject(owner *account, slug string) object {
	return values{"Team", map[string]any{
		"id": nodeID("T", owner.id, slug), "slug": slug, "name": slug, "combinedSlug": owner.login + "/" + slug,
	}}
}

func (q *query) comment(p *pull, c *comment) object {
	return values{"IssueComment", map[string]any{
		"id": nodeID("IC", c.id), "databaseId": c.id, "body": c.body, "bodyText": c.body, "author": accountObject(c.author),
		"createdAt": c.created, "updatedAt": c.created, "url": fmt.Sprintf("%s#issuecomment-%d", p.url(q.links.web), c.id),
		"viewerDidAuthor": c.author == q.account(q.token), "pullRequest": pullObject{p}, "isMinimized": false,
	}}
}

// connectPulls filters, orders and pages pull requests.
func connectPulls(pulls []*pull, a args) (any, error) {
	found := slices.DeleteFunc(slices.Clone(pulls), func(p *pull) bool {
		return !a.allows("states", p.state()) || !a.is("headRefName", p.head) || !a.is("baseRefName", p.base) || !p.hasAny(a.strings("labels"))
	})
	order := a.input("orderBy")
	if order.str("field") == "UPDATED_AT" {
		slices.SortStableFunc(found, func(x, y *pull) int { return x.updated.Compare(y.updated) })
	}
	if order.str("direction") == "DESC" {
		slices.Reverse(found)
	}
	return connect("PullRequest", found, a, func(p *pull) object { return pullObject{p} })
}

func (p *pull) hasAny(labels []string) bool {
	return len(labels) == 0 || slices.ContainsFunc(labels, func(l string) bool { return slices.Contains(p.labels, l) })
}
