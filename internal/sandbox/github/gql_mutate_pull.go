package github

import (
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

func createPullRequest(q *query, in args) (fields, error) {
	r, err := q.writable(in.str("repositoryId"), "pull_requests")
	if err != nil {
		return nil, err
	}
	if err := q.mayPropose(r); err != nil {
		return nil, err
	}
	n := newPull{
		head: in.str("headRefName"), base: in.str("baseRefName"), title: in.str("title"), body: in.str("body"), draft: in.boolean("draft"),
	}
	if in.has("headRepositoryId") {
		o, err := q.node(in.str("headRepositoryId"))
		from, ok := o.(repositoryObject)
		if err != nil || !ok {
			return nil, missing("Could not resolve to Repository node with the global id of '%s'.", in.str("headRepositoryId"))
		}
		n.from = from.repository
	}
	if _, branch, ok := strings.Cut(n.head, ":"); ok {
		n.head = branch
	}
	p, err := q.createPull(r, q.actor(), n)
	if err != nil {
		return nil, err
	}
	return fields{"pullRequest": pullObject{p}}, nil
}

// mayPropose refuses a workflow's token where the repository's settings do.
func (c *call) mayPropose(r *repository) error {
	if c.token.Kind == ActionsToken && r.options.NoActionsPulls {
		return &apiError{Status: 403, Kind: "FORBIDDEN", Message: "GitHub Actions is not permitted to create or approve pull requests."}
	}
	return nil
}

func updatePullRequest(q *query, in args) (fields, error) {
	return q.onPull(in, "pullRequestId", "pull_requests", func(p *pull) error {
		if err := q.edit(p, in); err != nil {
			return err
		}
		if in.has("labelIds") {
			p.labels = nil
			if err := q.labelPull(p, in.strings("labelIds")); err != nil {
				return err
			}
		}
		if in.has("assigneeIds") {
			p.assignees = nil
			return q.assign(p, in.strings("assigneeIds"))
		}
		return nil
	})
}

// edit changes title, body, base and state, as far as they are given.
func (c *call) edit(p *pull, in args) error {
	base := in.str("baseRefName")
	if in.has("baseRefName") && base != p.base {
		if _, ok := p.repository.git.Ref(git.BranchPrefix + base); !ok {
			return invalid("PullRequest", fmt.Sprintf("Proposed base branch '%s' was not found", base))
		}
	}
	if err := checkBody(in.str("body")); err != nil {
		return err
	}
	edited := false
	set := func(name string, to *string) {
		if in.has(name) && *to != in.str(name) {
			*to, edited = in.str(name), true
		}
	}
	set("title", &p.title)
	set("body", &p.body)
	set("baseRefName", &p.base)
	if edited {
		p.updated = c.now()
		c.emitPull(p, c.actor(), "edited")
	}
	switch strings.ToUpper(in.str("state")) {
	case "CLOSED":
		c.closePull(p, c.actor())
	case "OPEN":
		return c.reopenPull(p, c.actor())
	}
	return nil
}

func closePullRequest(q *query, in args) (fields, error) {
	return q.onPull(in, "pullRequestId", "pull_requests", func(p *pull) error {
		q.closePull(p, q.actor())
		return nil
	})
}

func reopenPullRequest(q *query, in args) (fields, error) {
	return q.onPull(in, "pullRequestId", "pull_requests", func(p *pull) error { return q.reopenPull(p, q.actor()) })
}

func mergeInput(in args) mergeRequest {
	m := mergeRequest{method: in.str("mergeMethod"), title: in.str("commitHeadline"), message: in.str("commitBody"), head: in.id("expectedHeadOid")}
	if m.method == "" {
		m.method = "MERGE"
	}
	return m
}

func mergePullRequest(q *query, in args) (fields, error) {
	return q.onPull(in, "pullRequestId", "contents", func(p *pull) error { return q.mergePull(p, q.actor(), mergeInput(in)) })
}

func enablePullRequestAutoMerge(q *query, in args) (fields, error) {
	return q.onPull(in, "pullRequestId", "contents", func(p *pull) error { return q.enableAutoMerge(p, q.actor(), mergeInput(in)) })
}

func addComment(q *query, in args) (fields, error) {
	if err := checkBody(in.str("body")); err != nil {
		return nil, err
	}
	var added *comment
	var on *pull
	payload, err := q.onPull(in, "subjectId", "pull_requests", func(p *pull) error {
		on, added = p, q.addComment(p, q.account(q.token), in.str("body"))
		return nil
	})
	if err != nil {
		return nil, err
	}
	node := q.comment(on, added)
	payload["subject"] = pullObject{on}
	payload["commentEdge"] = edge{kind: "IssueComment", node: node, index: len(on.comments) - 1}
	return payload, nil
}

func createLabel(q *query, in args) (fields, error) {
	r, err := q.writable(in.str("repositoryId"), "issues")
	if err != nil {
		return nil, err
	}
	if r.labels[in.str("name")] != 0 {
		return nil, invalid("Label", "Name has already been taken")
	}
	r.labels[in.str("name")] = q.newID()
	return fields{"label": labelObject{r, in.str("name")}}, nil
}

func addLabelsToLabelable(q *query, in args) (fields, error) {
	return q.onPull(in, "labelableId", "pull_requests", func(p *pull) error { return q.labelPull(p, in.strings("labelIds")) })
}

func removeLabelsFromLabelable(q *query, in args) (fields, error) {
	return q.onPull(in, "labelableId", "pull_requests", func(p *pull) error {
		for _, id := range in.strings("labelIds") {
			o, err := q.node(id)
			if err != nil {
				return err
			}
			if l, ok := o.(labelObject); ok {
				p.labels = slices.DeleteFunc(p.labels, func(n string) bool { return n == l.name })
			}
		}
		return nil
	})
}

func (q *query) labelPull(p *pull, ids []string) error {
	for _, id := range ids {
		o, err := q.node(id)
		if err != nil {
			return err
		}
		l, ok := o.(labelObject)
		if !ok || l.repository != p.repository {
			return missing("Could not resolve to Label node with the global id of '%s'.", id)
		}
		q.addLabels(p, []string{l.name})
	}
	return nil
}

func addAssigneesToAssignable(q *query, in args) (fields, error) {
	return q.onPull(in, "assignableId", "pull_requests", func(p *pull) error { return q.assign(p, in.strings("assigneeIds")) })
}

func (q *query) assign(p *pull, ids []string) error {
	for _, id := range ids {
		u, err := q.userNode(id)
		if err != nil {
			return err
		}
		if !slices.Contains(p.assignees, u) {
			p.assignees, p.updated = append(p.assignees, u), q.now()
		}
	}
	return nil
}

func (q *query) userNode(id string) (*account, error) {
	o, err := q.node(id)
	if err != nil {
		return nil, err
	}
	u, ok := o.(userObject)
	if !ok {
		return nil, missing("Could not resolve to User node with the global id of '%s'.", id)
	}
	return u.account, nil
}

func requestReviews(q *query, in args) (fields, error) {
	return q.onPull(in, "pullRequestId", "pull_requests", func(p *pull) error {
		if !in.boolean("union") {
			p.reviewers = nil
		}
		for _, id := range in.strings("userIds") {
			u, err := q.userNode(id)
			if err != nil {
				return err
			}
			if u == p.author {
				return invalid("PullRequest", "Review cannot be requested from pull request author.")
			}
			if !slices.Contains(p.reviewers, u) {
				p.reviewers = append(p.reviewers, u)
			}
		}
		p.updated = q.now()
		return nil
	})
}
