package gitlab_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// withMerge is a lab with a project and one open merge request of the bot's.
func withMerge(t *testing.T, server gitlab.Options, options gitlab.ProjectOptions, title, description string) *lab {
	t.Helper()
	l := newLab(t, server)
	l.project("acme/base", options)
	_, err := l.Push("acme/base", "x", "ann", "Change", gitlab.File{Path: "Dockerfile", Content: []byte("FROM debian:13\n")})
	require.NoError(t, err)
	got := l.ask("POST", base+"/merge_requests", object{"source_branch": "x", "target_branch": "main", "title": title, "description": description})
	require.Equal(t, http.StatusCreated, got.Code, got.Body)
	return l
}

func (l *lab) one() gitlab.MergeRequest { return l.MergeRequests("acme/base")[0] }

// TestQuickActions shows that a line that begins with a slash is executed.
func TestQuickActions(t *testing.T) {
	tests := map[string]struct {
		description string
		want        string // that is left
		check       func(t *testing.T, m gitlab.MergeRequest)
	}{
		"merge":       {"text\n/merge", "text", func(t *testing.T, m gitlab.MergeRequest) { assert.True(t, m.AutoMerge) }},
		"close":       {"/close\ntext", "text", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, "closed", m.State) }},
		"label":       {`/label ~a ~"two words"`, "", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, []string{"a", "two words"}, m.Labels) }},
		"assign":      {"/ASSIGN @ann @nobody me", "", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, []string{"ann", "keeper"}, m.Assignees) }},
		"reviewer":    {"/assign_reviewer @ann", "", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, []string{"ann"}, m.Reviewers) }},
		"draft":       {"/draft", "", func(t *testing.T, m gitlab.MergeRequest) { assert.True(t, m.Draft) }},
		"title":       {"/title New one", "", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, "New one", m.Title) }},
		"target":      {"/target_branch other", "", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, "other", m.Target) }},
		"approve":     {"/approve", "", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, []string{"keeper"}, m.Approved) }},
		"no effect":   {"/subscribe", "", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, "opened", m.State) }},
		"a path":      {"/usr/bin/close", "/usr/bin/close", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, "opened", m.State) }},
		"an escape":   {"\\/close", "\\/close", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, "opened", m.State) }},
		"indented":    {" /close", " /close", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, "opened", m.State) }},
		"fenced code": {"```\n/close\n```", "```\n/close\n```", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, "opened", m.State) }},
		"after code":  {"~~~\n/x\n~~~\n/close", "~~~\n/x\n~~~", func(t *testing.T, m gitlab.MergeRequest) { assert.Equal(t, "closed", m.State) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := withMerge(t, gitlab.Options{}, gitlab.ProjectOptions{}, "T", tt.description)
			assert.Equal(t, tt.want, l.one().Description)
			tt.check(t, l.one())
			l.AddUser("ann")
			got := l.ask("POST", base+"/merge_requests/1/notes", object{"body": "/unlabel\n/reopen"})
			assert.Equal(t, http.StatusAccepted, got.Code, "a note of nothing but quick actions is none")
			assert.Empty(t, l.Notes("acme/base", 1))
			assert.Empty(t, l.one().Labels)
			assert.Equal(t, "opened", l.one().State)
		})
	}
}

func TestMergeStatus(t *testing.T) {
	tests := map[string]struct {
		server  gitlab.Options
		options gitlab.ProjectOptions
		title   string
		before  func(t *testing.T, l *lab)
		status  string
		auto    int // of a merge when the checks have passed
		now     int // of a merge at once
	}{
		"mergeable":     {status: "mergeable", title: "T", auto: 200, now: 200},
		"no pipeline":   {options: gitlab.ProjectOptions{NoPipelines: true}, title: "T", status: "mergeable", auto: 405, now: 200},
		"draft":         {title: "[Draft] T", status: "draft_status", auto: 405, now: 405},
		"not approved":  {options: gitlab.ProjectOptions{RequireApproval: true}, title: "T", status: "not_approved", auto: 200, now: 405},
		"still running": {options: gitlab.ProjectOptions{RequirePipeline: true}, title: "T", status: "ci_still_running", auto: 200, now: 405},
		"must pass":     {options: gitlab.ProjectOptions{RequirePipeline: true, NoPipelines: true}, title: "T", status: "ci_must_pass", auto: 405, now: 405},
		"checking":      {server: gitlab.Options{CheckingFirst: true}, title: "T", status: "mergeable", auto: 200, now: 200},
		"conflict": {title: "T", status: "conflict", auto: 422, now: 422, before: func(t *testing.T, l *lab) {
			_, err := l.Push("acme/base", "main", "ann", "Other", gitlab.File{Path: "Dockerfile", Content: []byte("FROM alpine\n")})
			require.NoError(t, err)
		}},
		"behind": {options: gitlab.ProjectOptions{MergeMethod: "ff"}, title: "T", status: "need_rebase", auto: 405, now: 405, before: func(t *testing.T, l *lab) {
			_, err := l.Push("acme/base", "main", "ann", "Other", gitlab.File{Path: "other", Content: []byte("x")})
			require.NoError(t, err)
		}},
		"closed": {title: "T", status: "not_open", auto: 405, now: 405, before: func(t *testing.T, l *lab) {
			require.NoError(t, l.CloseMergeRequest("acme/base", 1, "ann"))
		}},
		"nothing to bring": {title: "T", status: "commits_status", auto: 405, now: 405, before: func(t *testing.T, l *lab) {
			head, err := l.Branch("acme/base", "main")
			require.NoError(t, err)
			require.NoError(t, l.ForcePush("acme/base", "x", "ann", head))
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for auto, want := range map[bool]int{true: tt.auto, false: tt.now} {
				l := withMerge(t, tt.server, tt.options, tt.title, "")
				if tt.before != nil {
					tt.before(t, l)
				}
				assert.Equal(t, tt.status, l.one().Status)
				got := l.ask("PUT", base+"/merge_requests/1/merge", object{"auto_merge": auto, "sha": l.one().SHA})
				assert.Equal(t, want, got.Code, "auto %t: %s", auto, got.Body)
				assert.Equal(t, auto && want == 200, l.one().AutoMerge)
			}
		})
	}
}

func TestAutoMerge(t *testing.T) {
	l := withMerge(t, gitlab.Options{}, gitlab.ProjectOptions{RequirePipeline: true}, "T", "")
	accept := func() int {
		return l.ask("PUT", base+"/merge_requests/1/merge", object{"merge_when_pipeline_succeeds": true, "should_remove_source_branch": true}).Code
	}
	require.Equal(t, http.StatusOK, accept())
	require.NoError(t, l.PipelineFails("acme/base", 1))
	assert.False(t, l.one().AutoMerge, "a pipeline that fails ends the wait")

	_, err := l.Push("acme/base", "x", "ann", "More", gitlab.File{Path: "more", Content: []byte("x")})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, accept())
	_, err = l.Push("acme/base", "x", "ann", "Even more", gitlab.File{Path: "more", Content: []byte("y")})
	require.NoError(t, err)
	assert.False(t, l.one().AutoMerge, "so does another commit")

	require.Equal(t, http.StatusOK, accept())
	assert.Equal(t, http.StatusCreated, l.ask("POST", base+"/merge_requests/1/cancel_merge_when_pipeline_succeeds", nil).Code)
	require.Equal(t, http.StatusOK, accept())
	require.NoError(t, l.PipelineSucceeds("acme/base", 1))
	m := l.one()
	assert.Equal(t, "merged", m.State)
	assert.Equal(t, "keeper", m.MergedBy)
	_, err = l.Branch("acme/base", "x")
	require.Error(t, err, "the source branch is removed")
	main, err := l.Branch("acme/base", "main")
	require.NoError(t, err)
	assert.Equal(t, m.MergeCommit, main)
	assert.Equal(t, 1, l.MergeRequestOf("acme/base", main))
	assert.Equal(t, 1, l.MergeRequestOf("acme/base", m.SHA))
	assert.Zero(t, l.MergeRequestOf("acme/base", "none"))
}

func TestWaysToMerge(t *testing.T) {
	tests := map[string]struct {
		options                  gitlab.ProjectOptions
		squash                   bool
		parents                  int
		merge, squashed, sourced bool
	}{
		"merge commit":         {parents: 2, merge: true},
		"squash":               {squash: true, parents: 2, merge: true, squashed: true},
		"fast forward":         {options: gitlab.ProjectOptions{MergeMethod: "ff"}, parents: 1, sourced: true},
		"fast forward, squash": {options: gitlab.ProjectOptions{MergeMethod: "ff"}, squash: true, parents: 1, squashed: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := withMerge(t, gitlab.Options{}, tt.options, "T", "")
			_, err := l.Push("acme/base", "x", "ann", "Second", gitlab.File{Path: "f", Content: []byte("f")})
			require.NoError(t, err)
			got := l.ask("PUT", base+"/merge_requests/1/merge", object{"squash": tt.squash})
			require.Equal(t, http.StatusOK, got.Code, got.Body)
			m := l.one()
			assert.Equal(t, []bool{tt.merge, tt.squashed}, []bool{m.MergeCommit != "", m.SquashCommit != ""})
			main := l.ask("GET", base+"/repository/commits/main", nil).object(t)
			assert.Len(t, main["parent_ids"], tt.parents)
			assert.Equal(t, tt.sourced, main["id"] == m.SHA)
			content, err := l.File("acme/base", "", "f")
			require.NoError(t, err)
			assert.Equal(t, "f", string(content))
			assert.Equal(t, 1, l.MergeRequestOf("acme/base", main["id"].(string)))
		})
	}
}

func TestLifeOfMergeRequests(t *testing.T) {
	l := withMerge(t, gitlab.Options{}, gitlab.ProjectOptions{}, "T", "- [ ] rebase")
	again := l.ask("POST", base+"/merge_requests", object{"source_branch": "x", "target_branch": "main", "title": "T"})
	assert.Equal(t, http.StatusConflict, again.Code)
	assert.Contains(t, again.Body, "Another open merge request already exists for this source branch: !1")
	for name, body := range map[string]object{
		"no title":  {"source_branch": "x", "target_branch": "main", "title": " "},
		"no source": {"source_branch": "none", "target_branch": "main", "title": "T"},
		"no target": {"source_branch": "x", "target_branch": "none", "title": "T"},
		"the same":  {"source_branch": "main", "target_branch": "main", "title": "T"},
	} {
		assert.Equal(t, http.StatusUnprocessableEntity, l.ask("POST", base+"/merge_requests", body).Code, name)
	}
	put := func(body object) gitlab.MergeRequest {
		t.Helper()
		got := l.ask("PUT", base+"/merge_requests/1", body)
		require.Equal(t, http.StatusOK, got.Code, got.Body)
		return l.one()
	}
	require.NoError(t, l.CheckBox("acme/base", 1, "ann", "rebase"))
	require.Error(t, l.CheckBox("acme/base", 1, "ann", "rebase"))
	assert.Equal(t, "- [x] rebase", l.one().Description)
	require.NoError(t, l.EditMergeRequest("acme/base", 1, "ann", "Draft: T", "D"))
	assert.True(t, l.one().Draft)
	ann := int64(0)
	for _, u := range l.ask("GET", "/users?username=ann", nil).list(t) {
		ann = int64(u["id"].(float64))
	}
	m := put(object{"title": "New", "description": "Text", "labels": "a,b", "add_labels": []string{"c"}, "remove_labels": []string{"a"}, "assignee_ids": []int64{ann}, "reviewer_ids": []int64{ann}, "squash": true, "remove_source_branch": true})
	assert.Equal(t, []string{"b", "c"}, m.Labels)
	assert.Equal(t, []string{"ann"}, m.Assignees)
	assert.Equal(t, []string{"ann"}, m.Reviewers)
	assert.Equal(t, []any{"New", "Text", false, true, true}, []any{m.Title, m.Description, m.Draft, m.Squash, m.RemoveSource})
	assert.Empty(t, put(object{"labels": ""}).Labels)
	assert.Equal(t, "closed", put(object{"state_event": "close"}).State)
	assert.Equal(t, "keeper", l.one().ClosedBy)
	assert.Equal(t, "opened", put(object{"state_event": "reopen"}).State)
	require.NoError(t, l.ApproveMergeRequest("acme/base", 1, "ann"))

	head := l.one().SHA
	require.NoError(t, l.DeleteBranch("acme/base", "x", "ann"))
	assert.Equal(t, "closed", l.one().State, "without its source branch it is closed")
	assert.Equal(t, http.StatusUnprocessableEntity, l.ask("PUT", base+"/merge_requests/1", object{"state_event": "reopen"}).Code)
	require.NoError(t, l.ForcePush("acme/base", "x", "ann", head))
	require.NoError(t, l.ReopenMergeRequest("acme/base", 1, "ann"))
	require.NoError(t, l.ForcePush("acme/base", "main", "ann", head))
	assert.Equal(t, "merged", l.one().State, "somebody merged by hand")

	iid, commit, err := l.OpenForeign("acme/base", "eve", "patch", "main", "From outside", gitlab.File{Path: "evil", Content: []byte("x")})
	require.NoError(t, err)
	foreign := l.ask("GET", base+"/merge_requests/2", nil).object(t)
	assert.Equal(t, 2, iid)
	assert.Equal(t, commit, foreign["sha"])
	assert.NotEqual(t, foreign["source_project_id"], foreign["target_project_id"])
	require.NoError(t, l.MergeMergeRequest("acme/base", 2, "ann"))
	assert.Equal(t, "merged", l.MergeRequests("acme/base")[1].State)
	var actions []string
	for _, e := range l.Events() {
		if e.Name == "merge_request" && e.IID == 2 {
			actions = append(actions, e.Action)
		}
	}
	assert.Equal(t, []string{"open", "merge"}, actions)
}

// TestOverTheWire has a started server, under a root of its own, do a bump as
// client libraries ask for one: by number, with labels as one text.
func TestOverTheWire(t *testing.T) {
	s, err := gitlab.Start(t.Context(), gitlab.Options{Root: "/gitlab"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	require.NoError(t, s.CreateProject("acme/sub/base", gitlab.ProjectOptions{}, gitlab.File{Path: "Dockerfile", Content: []byte("FROM a\n")}))
	s.AddToken("secret", gitlab.Token{Kind: gitlab.ProjectToken, Projects: []string{"acme/sub/base"}})
	ask := func(method, path string, body object, into any) {
		t.Helper()
		text, err := json.Marshal(body)
		require.NoError(t, err)
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+"/api/v4"+path, bytes.NewReader(text))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Private-Token", "secret")
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Less(t, resp.StatusCode, 300)
		require.NoError(t, json.NewDecoder(resp.Body).Decode(into))
	}
	var me, mr object
	var listed, brought []object
	ask("GET", "/user", nil, &me)
	assert.Equal(t, []any{s.Login("secret"), true}, []any{me["username"], me["bot"]})
	ask("GET", "/projects?pagination=keyset&order_by=id&sort=asc&membership=true", nil, &listed)
	require.Len(t, listed, 1)
	at := fmt.Sprintf("/projects/%v", listed[0]["id"])
	head, err := s.Branch("acme/sub/base", "main")
	require.NoError(t, err)
	ask("POST", at+"/repository/commits", object{
		"branch": "basekeeper/a", "start_sha": head, "commit_message": "Bump",
		"actions": []object{{"action": "update", "file_path": "Dockerfile", "content": "RlJPTSBiCg==", "encoding": "base64"}},
	}, &object{})
	ask("POST", at+"/merge_requests", object{"title": "Bump", "source_branch": "basekeeper/a", "target_branch": "main", "labels": "a,b c"}, &mr)
	assert.Equal(t, []any{"a", "b c"}, mr["labels"])
	assert.Equal(t, s.URL()+"/acme/sub/base/-/merge_requests/1", mr["web_url"])
	ask("PUT", at+"/merge_requests/1/merge", object{"merge_when_pipeline_succeeds": true}, &mr)
	require.NoError(t, s.PipelineSucceeds("acme/sub/base", 1))
	main, err := s.Branch("acme/sub/base", "main")
	require.NoError(t, err)
	ask("GET", at+"/repository/commits/"+main+"/merge_requests", nil, &brought)
	require.Len(t, brought, 1)
	assert.Equal(t, "2026-03-01T12:00:00.000Z", brought[0]["merged_at"])
}
