package gitlab

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// labelView is a label of a project.
type labelView struct {
	project *project
	name    string
}

// newest orders commits as a merge request shows them.
func newest(p *project, commits []git.Commit) []commitView {
	found := make([]commitView, 0, len(commits))
	for _, v := range slices.Backward(commits) {
		found = append(found, commitView{p, v})
	}
	return found
}

var mergeFields = map[string]resolver{
	"MergeRequest.id":                       plain(func(m *mergeRequest) any { return gid("MergeRequest", m.id) }),
	"MergeRequest.iid":                      plain(func(m *mergeRequest) any { return strconv.Itoa(m.iid) }),
	"MergeRequest.title":                    plain(func(m *mergeRequest) any { return m.title }),
	"MergeRequest.description":              plain(func(m *mergeRequest) any { return m.description }),
	"MergeRequest.state":                    plain(func(m *mergeRequest) any { return m.state }),
	"MergeRequest.draft":                    plain(func(m *mergeRequest) any { return m.draft() }),
	"MergeRequest.sourceBranch":             plain(func(m *mergeRequest) any { return m.branch }),
	"MergeRequest.targetBranch":             plain(func(m *mergeRequest) any { return m.target }),
	"MergeRequest.sourceProjectId":          plain(func(m *mergeRequest) any { return m.source.id }),
	"MergeRequest.targetProjectId":          plain(func(m *mergeRequest) any { return m.project.id }),
	"MergeRequest.projectId":                plain(func(m *mergeRequest) any { return m.project.id }),
	"MergeRequest.project":                  plain(func(m *mergeRequest) any { return m.project }),
	"MergeRequest.targetProject":            plain(func(m *mergeRequest) any { return m.project }),
	"MergeRequest.author":                   plain(func(m *mergeRequest) any { return m.author }),
	"MergeRequest.mergeUser":                plain(func(m *mergeRequest) any { return m.merger() }),
	"MergeRequest.assignees":                plain(func(m *mergeRequest) any { return append([]*account{}, m.assignees...) }),
	"MergeRequest.reviewers":                plain(func(m *mergeRequest) any { return append([]*account{}, m.reviewers...) }),
	"MergeRequest.commits":                  plain(func(m *mergeRequest) any { return newest(m.project, m.commits()) }),
	"MergeRequest.commitCount":              plain(func(m *mergeRequest) any { return len(m.commits()) }),
	"MergeRequest.diffHeadSha":              plain(func(m *mergeRequest) any { return m.head }),
	"MergeRequest.diffRefs":                 plain(func(m *mergeRequest) any { return m }),
	"MergeRequest.autoMergeEnabled":         plain(func(m *mergeRequest) any { return m.auto != nil }),
	"MergeRequest.squash":                   plain(func(m *mergeRequest) any { return m.squash }),
	"MergeRequest.forceRemoveSourceBranch":  plain(func(m *mergeRequest) any { return m.removeSource }),
	"MergeRequest.shouldRemoveSourceBranch": plain(func(*mergeRequest) any { return nil }),
	"MergeRequest.mergeCommitSha":           plain(func(m *mergeRequest) any { return orNull(string(m.mergeCommit)) }),
	"MergeRequest.mergedAt":                 plain(func(m *mergeRequest) any { return m.merged }),
	"MergeRequest.closedAt":                 plain(func(m *mergeRequest) any { return m.closed }),
	"MergeRequest.createdAt":                plain(func(m *mergeRequest) any { return m.created }),
	"MergeRequest.updatedAt":                plain(func(m *mergeRequest) any { return m.updated }),
	"MergeRequest.userNotesCount":           plain(func(m *mergeRequest) any { return m.userNotes() }),
	"MergeRequest.sourceBranchExists": plain(func(m *mergeRequest) any {
		_, ok := m.source.git.Ref(git.BranchPrefix + m.branch)
		return ok
	}),
	"MergeRequest.sourceProject": of(func(q *query, m *mergeRequest, _ args) (any, error) {
		if !q.token.sees(m.source) {
			return nil, nil
		}
		return m.source, nil
	}),
	"MergeRequest.labels": plain(func(m *mergeRequest) any {
		found := []labelView{}
		for _, name := range slices.SortedFunc(slices.Values(m.labels), cmp.Compare[string]) {
			found = append(found, labelView{m.project, name})
		}
		return found
	}),
	"MergeRequest.conflicts": of(func(q *query, m *mergeRequest, _ args) (any, error) { return q.mergeStatus(m) == "conflict", nil }),
	"MergeRequest.detailedMergeStatus": of(func(q *query, m *mergeRequest, _ args) (any, error) {
		return strings.ToUpper(q.mergeStatus(m)), nil
	}),
	"MergeRequest.webUrl": of(func(q *query, m *mergeRequest, _ args) (any, error) { return m.url(q.web), nil }),

	"DiffRefs.headSha":  plain(func(m *mergeRequest) any { return m.head }),
	"DiffRefs.startSha": plain(func(m *mergeRequest) any { return m.against() }),
	"DiffRefs.baseSha": plain(func(m *mergeRequest) any {
		base, _ := m.project.git.MergeBase(m.against(), m.head)
		return orNull(string(base))
	}),
	"Label.id":          plain(func(l labelView) any { return gid("ProjectLabel", l.project.labels[l.name]) }),
	"Label.title":       plain(func(l labelView) any { return l.name }),
	"Label.color":       plain(func(labelView) any { return "#6699cc" }),
	"Label.description": plain(func(labelView) any { return nil }),
}
