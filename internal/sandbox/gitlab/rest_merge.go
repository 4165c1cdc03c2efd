package gitlab

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

var mergeRoutes = []route{
	{pattern: "GET /projects/{id}/merge_requests", open: true, feature: "merge_requests", serve: (*call).listMerges},
	{pattern: "POST /projects/{id}/merge_requests", role: Guest, feature: "merge_requests", serve: (*call).postMerge},
	{pattern: "GET /projects/{id}/merge_requests/{iid}", open: true, feature: "merge_requests", serve: onMerge((*call).getMerge)},
	{pattern: "PUT /projects/{id}/merge_requests/{iid}", role: Developer, feature: "merge_requests", serve: onMerge((*call).putMerge)},
	{pattern: "PUT /projects/{id}/merge_requests/{iid}/merge", role: Developer, feature: "merge_requests", serve: onMerge((*call).acceptMerge)},
	{pattern: "POST /projects/{id}/merge_requests/{iid}/cancel_merge_when_pipeline_succeeds", role: Developer, feature: "merge_requests", serve: onMerge((*call).cancelAuto)},
	{pattern: "GET /projects/{id}/merge_requests/{iid}/commits", open: true, feature: "merge_requests", serve: onMerge((*call).listMergeCommits)},
	{pattern: "GET /projects/{id}/merge_requests/{iid}/diffs", open: true, feature: "merge_requests", serve: onMerge((*call).listMergeDiffs)},
	{pattern: "GET /projects/{id}/merge_requests/{iid}/notes", open: true, feature: "merge_requests", serve: onMerge((*call).listNotes)},
	{pattern: "POST /projects/{id}/merge_requests/{iid}/notes", role: Guest, feature: "merge_requests", serve: onMerge((*call).postNote)},
	{pattern: "GET /projects/{id}/merge_requests/{iid}/approvals", open: true, feature: "merge_requests", serve: onMerge((*call).getApprovals)},
}

// onMerge serves by the merge request of the path.
func onMerge(serve func(*call, args, *mergeRequest) (int, any, error)) func(*call, args) (int, any, error) {
	return func(c *call, a args) (int, any, error) {
		iid, err := strconv.Atoi(c.request.PathValue("iid"))
		if err != nil {
			return 0, nil, wrong("merge_request_iid is invalid")
		}
		m := c.project.merge(iid)
		if m == nil {
			return 0, nil, notFound("Not found")
		}
		return serve(c, a, m)
	}
}

func (c *call) listMerges(a args) (int, any, error) {
	if err := a.oneOf("state", "opened", "closed", "locked", "merged", "all"); err != nil {
		return 0, nil, err
	}
	after, err := a.time("updated_after")
	if err != nil {
		return 0, nil, err
	}
	before, err := a.time("updated_before")
	if err != nil {
		return 0, nil, err
	}
	var found []*mergeRequest
	for _, m := range c.project.merges[1:] {
		late := !after.IsZero() && m.updated.Before(after) || !before.IsZero() && m.updated.After(before)
		if !late && m.fits(a, c.token) {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(x, y *mergeRequest) int {
		by := x.created.Compare(y.created)
		if a.str("order_by") == "updated_at" {
			by = x.updated.Compare(y.updated)
		}
		if by == 0 {
			by = x.iid - y.iid
		}
		if a.str("sort") != "asc" {
			by = -by
		}
		return by
	})
	return http.StatusOK, page(c, a, found, func(m *mergeRequest) any { return c.mergeBasic(m) }), nil
}

// fits reports whether a merge request has what the parameters of a list ask
// for.
func (m *mergeRequest) fits(a args, t *Token) bool {
	iids := a.list("iids")
	for _, label := range a.list("labels") {
		if !slices.Contains(m.labels, label) {
			return false
		}
	}
	switch state := a.str("state"); {
	case state != "" && state != "all" && state != m.state,
		a.has("source_branch") && a.str("source_branch") != m.branch,
		a.has("target_branch") && a.str("target_branch") != m.target,
		a.has("author_username") && fold(a.str("author_username")) != fold(m.author.username),
		a.has("author_id") && int64(a.number("author_id", 0)) != m.author.id,
		a.has("source_project_id") && int64(a.number("source_project_id", 0)) != m.source.id,
		len(iids) > 0 && !slices.Contains(iids, strconv.Itoa(m.iid)),
		a.str("wip") == "yes" && !m.draft(), a.str("wip") == "no" && m.draft(),
		strings.HasPrefix(a.str("scope"), "created") && (t == nil || t.account != m.author):
		return false
	}
	return true
}

// postMerge opens a merge request. Its project is that of the source branch;
// the target's may be another.
func (c *call) postMerge(a args) (int, any, error) {
	if err := a.need("title", "source_branch", "target_branch"); err != nil {
		return 0, nil, err
	}
	target := c.project
	if a.has("target_project_id") {
		if target = c.named(a.str("target_project_id")); target == nil || !c.token.sees(target) {
			return 0, nil, notFound("Project")
		}
	}
	if c.token.role(c.project) < Developer || c.token.role(target) < Developer && target.options.Visibility == Private {
		return 0, nil, forbidden()
	}
	in := newMerge{
		source: c.project, branch: a.str("source_branch"), target: a.str("target_branch"), title: a.str("title"), description: a.str("description"),
		squash: a.boolean("squash"), removeSource: a.boolean("remove_source_branch"), labels: a.list("labels"),
		assignees: c.accountsOf(a, "assignee"), reviewers: c.accountsOf(a, "reviewer"),
	}
	m, err := c.createMerge(target, c.token.account, in)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.merge(m), nil
}

// accountsOf are the accounts that x_ids, or x_id, names; unknown ones are left out,
// as GitLab does.
func (c *call) accountsOf(a args, what string) []*account {
	ids := a.list(what + "_ids")
	if a.has(what + "_id") {
		ids = append(ids, a.str(what+"_id"))
	}
	var found []*account
	for _, id := range ids {
		for _, who := range c.accounts {
			if strconv.FormatInt(who.id, 10) == id && !slices.Contains(found, who) {
				found = append(found, who)
			}
		}
	}
	return found
}

func (c *call) getMerge(_ args, m *mergeRequest) (int, any, error) {
	return http.StatusOK, c.merge(m), nil
}

func (c *call) putMerge(a args, m *mergeRequest) (int, any, error) {
	if err := a.oneOf("state_event", "close", "reopen"); err != nil {
		return 0, nil, err
	}
	if len(a) == 0 {
		return 0, nil, wrong("assignee_id, assignee_ids, reviewer_ids, description, labels, add_labels, remove_labels, milestone_id, remove_source_branch, squash, target_branch, title, discussion_locked, state_event, merge_after are missing, at least one parameter must be provided")
	}
	if a.has("title") {
		if strings.TrimSpace(a.str("title")) == "" {
			return 0, nil, unprocessable("Title can't be blank")
		}
		m.title = a.str("title")
	}
	if len([]rune(a.str("description"))) > maxText {
		return 0, nil, unprocessable("Description is too long")
	}
	c.putPeople(a, m)
	for name, into := range map[string]*bool{"squash": &m.squash, "remove_source_branch": &m.removeSource} {
		if a.has(name) {
			*into = a.boolean(name)
		}
	}
	m.target = orElse(a.str("target_branch"), m.target)
	m.updated = c.now()
	c.emitMerge(m, c.token.account, "update")
	if a.has("description") {
		m.description = c.quickActions(m, c.token.account, a.str("description"))
	}
	switch a.str("state_event") {
	case "close":
		c.closeMerge(m, c.token.account)
	case "reopen":
		if err := c.reopenMerge(m, c.token.account); err != nil {
			return 0, nil, err
		}
	}
	return http.StatusOK, c.merge(m), nil
}

func (c *call) putPeople(a args, m *mergeRequest) {
	_, labels := a["labels"]
	if labels {
		m.labels = nil
		c.addLabels(m, a.list("labels"))
	}
	c.addLabels(m, a.list("add_labels"))
	if drop := a.list("remove_labels"); len(drop) > 0 {
		m.labels = slices.DeleteFunc(m.labels, func(l string) bool { return slices.Contains(drop, l) })
	}
	if a.has("assignee_ids") || a.has("assignee_id") {
		m.assignees = c.accountsOf(a, "assignee")
	}
	if a.has("reviewer_ids") {
		m.reviewers = c.accountsOf(a, "reviewer")
	}
}

func (c *call) acceptMerge(a args, m *mergeRequest) (int, any, error) {
	if c.mayPush(m.project, m.target) != nil {
		return 0, nil, unauthorized()
	}
	in := acceptance{
		sha: git.ID(a.str("sha")), squash: m.squash, removeSource: m.removeSource, auto: a.boolean("auto_merge") || a.boolean("merge_when_pipeline_succeeds"),
		message: a.str("merge_commit_message"), squashMessage: a.str("squash_commit_message"),
	}
	if a.has("squash") {
		in.squash = a.boolean("squash")
	}
	if a.has("should_remove_source_branch") {
		in.removeSource = a.boolean("should_remove_source_branch")
	}
	if err := c.accept(m, c.token.account, in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.merge(m), nil
}

func (c *call) cancelAuto(_ args, m *mergeRequest) (int, any, error) {
	if m.auto == nil {
		return 0, nil, &apiError{Status: http.StatusNotAcceptable, Message: "Can't cancel the automatic merge"}
	}
	c.cancel(m, c.token.account)
	return http.StatusCreated, c.merge(m), nil
}

func (c *call) listMergeCommits(a args, m *mergeRequest) (int, any, error) {
	commits := m.commits()
	slices.Reverse(commits)
	return http.StatusOK, page(c, a, commits, func(v git.Commit) any { return c.commit(m.project, v) }), nil
}

func (c *call) listMergeDiffs(a args, m *mergeRequest) (int, any, error) {
	return http.StatusOK, page(c, a, m.files(), func(d git.Difference) any { return diff(d) }), nil
}

func (c *call) listNotes(a args, m *mergeRequest) (int, any, error) {
	notes := slices.Clone(m.notes)
	if a.str("sort") != "asc" {
		slices.Reverse(notes)
	}
	return http.StatusOK, page(c, a, notes, func(n *note) any { return c.note(m, n) }), nil
}

// postNote puts a note on a merge request; one of nothing but quick actions is
// none.
func (c *call) postNote(a args, m *mergeRequest) (int, any, error) {
	if err := a.need("body"); err != nil {
		return 0, nil, err
	}
	if len([]rune(a.str("body"))) > maxText {
		return 0, nil, badRequest("Note is too long")
	}
	text := c.quickActions(m, c.token.account, a.str("body"))
	if strings.TrimSpace(text) == "" {
		return http.StatusAccepted, jsonObject{"commands_changes": jsonObject{}, "summary": []string{"Commands applied"}}, nil
	}
	return http.StatusCreated, c.note(m, c.addNote(m, c.token.account, text)), nil
}

func (c *call) getApprovals(_ args, m *mergeRequest) (int, any, error) {
	return http.StatusOK, jsonObject{
		"user_has_approved": slices.Contains(m.approved, c.who()), "user_can_approve": false, "approved": len(m.approved) > 0 || !m.project.options.RequireApproval,
		"approved_by": shaped(m.approved, func(a *account) any { return jsonObject{"user": c.user(a)} }),
	}, nil
}

// who is who asks; nil for nobody.
func (c *call) who() *account {
	if c.token == nil {
		return nil
	}
	return c.token.account
}
