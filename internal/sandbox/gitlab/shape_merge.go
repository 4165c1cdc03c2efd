package gitlab

import (
	"fmt"
	"strconv"
)

// mergeBasic is a merge request as lists show it.
func (c *call) mergeBasic(m *mergeRequest) jsonObject {
	first := func(list []any) any {
		if len(list) == 0 {
			return nil
		}
		return list[0]
	}
	status := c.mergeStatus(m)
	merge := map[string]string{"conflict": "cannot_be_merged", "checking": "checking"}[status]
	assignees := c.users(m.assignees)
	return jsonObject{
		"id": m.id, "iid": m.iid, "project_id": m.project.id, "title": m.title, "description": m.description, "state": m.state,
		"created_at": stamp(m.created), "updated_at": stamp(m.updated), "merged_by": c.userOrNull(m.mergedBy), "merge_user": c.userOrNull(m.merger()),
		"merged_at": stamp(m.merged), "closed_by": c.userOrNull(m.closedBy), "closed_at": stamp(m.closed),
		"target_branch": m.target, "source_branch": m.branch, "user_notes_count": m.userNotes(), "upvotes": 0, "downvotes": 0,
		"author": c.user(m.author), "assignees": assignees, "assignee": first(assignees), "reviewers": c.users(m.reviewers),
		"source_project_id": m.source.id, "target_project_id": m.project.id, "labels": append([]string{}, m.labels...),
		"draft": m.draft(), "work_in_progress": m.draft(), "imported": false, "imported_from": "none", "milestone": nil,
		"merge_when_pipeline_succeeds": m.auto != nil, "merge_status": orElse(merge, "can_be_merged"), "detailed_merge_status": status,
		"merge_after": nil, "sha": m.head, "merge_commit_sha": orNull(string(m.mergeCommit)), "squash_commit_sha": orNull(string(m.squashCommit)),
		"discussion_locked": nil, "should_remove_source_branch": nil, "force_remove_source_branch": m.removeSource, "prepared_at": stamp(m.created),
		"reference": fmt.Sprintf("!%d", m.iid), "web_url": m.url(c.web), "squash": m.squash, "squash_on_merge": m.squash, "has_conflicts": status == "conflict",
		"references":             jsonObject{"short": fmt.Sprintf("!%d", m.iid), "relative": fmt.Sprintf("!%d", m.iid), "full": fmt.Sprintf("%s!%d", m.project.path(), m.iid)},
		"time_stats":             jsonObject{"time_estimate": 0, "total_time_spent": 0, "human_time_estimate": nil, "human_total_time_spent": nil},
		"task_completion_status": jsonObject{"count": 0, "completed_count": 0}, "blocking_discussions_resolved": true, "approvals_before_merge": nil,
	}
}

// merger is who has merged it, or has it merged when it may be.
func (m *mergeRequest) merger() *account {
	if m.auto != nil {
		return m.auto.by
	}
	return m.mergedBy
}

// merge is a merge request on its own.
func (c *call) merge(m *mergeRequest) jsonObject {
	j := c.mergeBasic(m)
	base, _ := m.project.git.MergeBase(m.against(), m.head)
	may := m.project != nil && c.token != nil && c.mayPush(m.project, m.target) == nil
	for name, value := range extra(jsonObject{
		"subscribed": true, "changes_count": strconv.Itoa(len(m.files())), "latest_build_started_at": nil, "latest_build_finished_at": nil,
		"first_deployed_to_production_at": nil, "pipeline": nil, "head_pipeline": nil, "merge_error": nil, "first_contribution": false,
		"diff_refs": jsonObject{"base_sha": base, "head_sha": m.head, "start_sha": m.against()}, "user": jsonObject{"can_merge": may},
	}) {
		j[name] = value
	}
	if r := c.headPipeline(m); r != nil {
		j["pipeline"], j["head_pipeline"] = c.pipelineBasic(r), c.pipelineShape(r)
	}
	return j
}

func (c *call) note(m *mergeRequest, n *note) jsonObject {
	return jsonObject{
		"id": n.id, "type": nil, "body": n.body, "author": c.user(n.author), "created_at": stamp(n.created), "updated_at": stamp(n.created),
		"system": n.system, "noteable_id": m.id, "noteable_type": "MergeRequest", "project_id": m.project.id, "noteable_iid": m.iid, //nolint:misspell // GitLab's own names
		"resolvable": false, "confidential": false, "internal": false, "imported": false, "imported_from": "none", "commands_changes": jsonObject{},
	}
}

func (c *call) pipelineBasic(r *pipeline) jsonObject {
	return jsonObject{
		"id": r.id, "iid": r.iid, "project_id": r.project.id, "sha": r.sha, "ref": r.ref, "status": r.status, "source": r.source,
		"created_at": stamp(r.created), "updated_at": stamp(r.created), "web_url": fmt.Sprintf("%s/%s/-/pipelines/%d", c.web, r.project.path(), r.id),
	}
}

func (c *call) pipelineShape(r *pipeline) jsonObject {
	j := c.pipelineBasic(r)
	for name, value := range extra(jsonObject{
		"before_sha": orZero(""), "tag": false, "yaml_errors": nil, "user": c.user(r.by), "started_at": nil, "finished_at": nil,
		"committed_at": nil, "duration": nil, "queued_duration": nil, "coverage": nil,
	}) {
		j[name] = value
	}
	return j
}
