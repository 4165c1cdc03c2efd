package gitlab_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	"github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

const base = "/projects/acme%2Fbase"

// TestREST asks each endpoint for what it has.
func TestREST(t *testing.T) {
	l := newLab(t, gitlab.Options{})
	l.project("acme/base", gitlab.ProjectOptions{Topics: []string{"base"}, ForceProtected: []string{"release/*"}})
	l.project("acme/images/app", gitlab.ProjectOptions{Visibility: gitlab.Private, Archived: true})
	l.project("ann/fork", gitlab.ProjectOptions{ForkOf: "acme/base"})
	l.project("other/shared", gitlab.ProjectOptions{SharedWith: []string{"acme"}})
	require.NoError(t, l.Move("ann/fork", "ann/renamed"))
	head, err := l.Branch("acme/base", "main")
	require.NoError(t, err)
	side, err := l.Push("acme/base", "basekeeper/x", "ann", "Side", gitlab.File{Path: "dir/a b", Content: []byte("1\x00")})
	require.NoError(t, err)
	blob := "5bcc1b4e5d3f0ad5e9cbef1b8b8e1aef6f4b5ee0"
	_, err = l.OpenMergeRequest("acme/base", "ann", "basekeeper/x", "main", "T", "D")
	require.NoError(t, err)
	require.NoError(t, l.Comment("acme/base", 1, "ann", "hello"))
	require.NoError(t, l.Label("acme/base", 1, "base"))

	tests := map[string]struct {
		path string
		code int
		want string // in the answer
	}{
		"the account":          {"/user", 200, `"commit_email":"` + l.Email("keeper")},
		"version":              {"/version", 200, `"version":"18`},
		"metadata":             {"/metadata", 200, `"enterprise":true`},
		"a user":               {"/users?username=ANN", 200, `"username":"ann"`},
		"no user":              {"/users?username=nobody", 200, `[]`},
		"a group":              {"/groups/acme%2Fimages", 200, `"full_path":"acme/images"`},
		"no group":             {"/groups/none", 404, "404 Group Not Found"},
		"a group's projects":   {"/groups/acme/projects?with_shared=false", 200, `"path_with_namespace":"acme/base"`},
		"with shared ones":     {"/groups/acme/projects?archived=false", 200, `"path_with_namespace":"other/shared"`},
		"with subgroups'":      {"/groups/acme/projects?include_subgroups=true&visibility=private", 200, `"archived":true`},
		"a user's projects":    {"/users/ann/projects", 200, `"forked_from_project":{`},
		"no user's projects":   {"/users/nobody/projects", 404, "404 User Not Found"},
		"by topic":             {"/projects?topic=base&membership=true", 200, `"topics":["base"]`},
		"no such topic":        {"/projects?topic=none", 200, "[]"},
		"too far":              {"/projects?page=502&per_page=100", 405, "maximum allowed offset of 50000"},
		"a project":            {base, 200, `"permissions":{"group_access":null,"project_access":{"access_level":40`},
		"moved":                {"/projects/ann%2Ffork/repository/tree?ref=main", 301, "moved permanently"},
		"no project":           {"/projects/acme%2Fnone", 404, "404 Project Not Found"},
		"protected branches":   {base + "/protected_branches", 200, `"name":"release/*"`},
		"labels":               {base + "/labels", 200, `"name":"base"`},
		"members":              {base + "/users", 200, `"username":"keeper"`},
		"branches":             {base + "/repository/branches?search=%5Ebasekeeper/", 200, `"name":"basekeeper/x"`},
		"no branches":          {base + "/repository/branches?search=%5Ekeeper", 200, `[]`},
		"at the end":           {base + "/repository/branches?search=x%24", 200, `"name":"basekeeper/x"`},
		"by expression":        {base + "/repository/branches?regex=%5Eb.*x", 200, `"name":"basekeeper/x"`},
		"a branch":             {base + "/repository/branches/basekeeper%2Fx", 200, `"id":"` + side},
		"no branch":            {base + "/repository/branches/none", 404, "404 Branch Not Found"},
		"a tree":               {base + "/repository/tree?ref=basekeeper%2Fx&recursive=true&per_page=100", 200, `"path":"dir/a b"`},
		"a directory":          {base + "/repository/tree?ref=basekeeper%2Fx&path=dir", 200, `"mode":"100644"`},
		"no directory":         {base + "/repository/tree?path=none", 404, "Not Found"},
		"no ref":               {base + "/repository/tree?ref=none", 404, "404 Tree Not Found"},
		"a file":               {base + "/repository/files/dir%2Fa%20b?ref=basekeeper%2Fx", 200, `"content":"MQA="`},
		"no file":              {base + "/repository/files/none?ref=main", 404, "404 File Not Found"},
		"raw":                  {base + "/repository/files/dir%2Fa%20b/raw?ref=basekeeper%2Fx", 200, "1\x00"},
		"no blob":              {base + "/repository/blobs/" + blob + "/raw", 404, "404 Blob Not Found"},
		"commits":              {base + "/repository/commits?ref_name=basekeeper/x", 200, `"title":"Side"`},
		"a commit":             {base + "/repository/commits/" + side, 200, `"stats":{"additions":1`},
		"a branch's commit":    {base + "/repository/commits/main", 200, head},
		"no commit":            {base + "/repository/commits/" + blob, 404, "404 Commit Not Found"},
		"not signed":           {base + "/repository/commits/main/signature", 404, "Not Found"},
		"what brings it":       {base + "/repository/commits/" + side + "/merge_requests?state=opened", 200, `"iid":1`},
		"what brought it":      {base + "/repository/commits/" + side + "/merge_requests?state=merged", 200, `[]`},
		"compare":              {base + "/repository/compare?from=main&to=basekeeper/x", 200, `"new_path":"dir/a b"`},
		"merge requests":       {base + "/merge_requests?state=opened&source_branch=basekeeper/x&labels[]=base&author_username=ann&scope=all", 200, `"iid":1`},
		"not mine":             {base + "/merge_requests?scope=created_by_me", 200, `[]`},
		"updated":              {base + "/merge_requests?updated_after=2026-03-01T13:00:00Z&order_by=updated_at&sort=asc", 200, `[]`},
		"a merge request":      {base + "/merge_requests/1", 200, `"diff_refs":{"base_sha":"` + head},
		"no merge request":     {base + "/merge_requests/2", 404, "Not Found"},
		"its commits":          {base + "/merge_requests/1/commits", 200, side},
		"its diffs":            {base + "/merge_requests/1/diffs", 200, `"new_file":true`},
		"its notes":            {base + "/merge_requests/1/notes?sort=asc", 200, `"body":"hello"`},
		"its approvals":        {base + "/merge_requests/1/approvals", 200, `"approved":true`},
		"its pipelines":        {base + "/merge_requests/1/pipelines", 200, `"source":"merge_request_event"`},
		"pipelines":            {base + "/pipelines?sha=" + side, 200, `"status":"running"`},
		"no pipeline":          {base + "/pipelines/1", 404, "Not Found"},
		"no registry":          {base + "/registry/repositories", 200, `[]`},
		"no registry of group": {"/groups/acme/registry/repositories", 200, `[]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l.t = t
			got := l.ask("GET", tt.path, nil)
			assert.Equal(t, tt.code, got.Code, got.Body)
			assert.Contains(t, got.Body, tt.want)
		})
	}
	l.t = t
	assert.Equal(t, "http://gitlab.example/api/v4/projects/"+fmt.Sprint(l.ask("GET", "/projects/ann%2Frenamed", nil).object(t)["id"])+"/repository/tree?ref=main",
		l.ask("GET", "/projects/ann%2Ffork/repository/tree?ref=main", nil).Header.Get("Location"))
}

// TestCommitRefuses has what GitLab says to a commit that it does not make.
func TestCommitRefuses(t *testing.T) {
	update := []object{{"action": "update", "file_path": "Dockerfile", "content": "x"}}
	tests := map[string]struct {
		options gitlab.ProjectOptions
		body    object
		code    int
		want    string
	}{
		"no actions":         {body: object{"branch": "x", "start_branch": "main", "actions": []object{}}, code: 400, want: "actions is empty"},
		"no branch":          {body: object{"actions": update}, code: 400, want: "branch is missing"},
		"branch exists":      {body: object{"branch": "main", "start_branch": "main", "actions": update}, code: 400, want: "A branch called 'main' already exists"},
		"no start":           {body: object{"branch": "x", "actions": update}, code: 400, want: "You can only create or edit files when you are on a branch"},
		"unknown start":      {body: object{"branch": "x", "start_sha": string(git.ZeroID), "actions": update}, code: 400, want: "Cannot find start_branch"},
		"a bad name":         {body: object{"branch": "x..y", "start_branch": "main", "actions": update}, code: 400, want: "Branch name is invalid"},
		"a directory":        {body: object{"branch": "main/x", "start_branch": "main", "actions": update}, code: 400, want: "cannot lock ref"},
		"no such file":       {body: object{"branch": "main", "actions": []object{{"action": "update", "file_path": "none", "content": "x"}}}, code: 400, want: "A file with this name doesn't exist"},
		"a file is there":    {body: object{"branch": "main", "actions": []object{{"action": "create", "file_path": "Dockerfile", "content": "x"}}}, code: 400, want: "A file with this name already exists"},
		"traversal":          {body: object{"branch": "main", "actions": []object{{"action": "create", "file_path": "../x", "content": "x"}}}, code: 400, want: "traversal"},
		"no base64":          {body: object{"branch": "main", "actions": []object{{"action": "update", "file_path": "Dockerfile", "content": "?", "encoding": "base64"}}}, code: 400, want: "invalid base64"},
		"moved on":           {body: object{"branch": "main", "actions": []object{{"action": "update", "file_path": "Dockerfile", "content": "x", "last_commit_id": string(git.ZeroID)}}}, code: 400, want: "has changed since you started editing it"},
		"protected":          {options: gitlab.ProjectOptions{Protected: []string{"basekeeper/*"}}, body: object{"branch": "basekeeper/a/b", "start_branch": "main", "actions": update}, code: 403, want: "403 Forbidden - You are not allowed to push into this branch"},
		"a push rule":        {options: gitlab.ProjectOptions{PushRule: "^JIRA-"}, body: object{"branch": "main", "actions": update}, code: 400, want: "Commit message does not follow the pattern '^JIRA-'"},
		"a branch rule":      {options: gitlab.ProjectOptions{BranchRule: "^feature/"}, body: object{"branch": "x", "start_branch": "main", "actions": update}, code: 400, want: "Branch name 'x' does not follow the pattern"},
		"archived":           {options: gitlab.ProjectOptions{Archived: true}, body: object{"branch": "main", "actions": update}, code: 403, want: "403 Forbidden"},
		"forks only":         {options: gitlab.ProjectOptions{Role: gitlab.Reporter}, body: object{"branch": "main", "actions": update}, code: 403, want: "You are not allowed to push into this branch"},
		"switched off":       {options: gitlab.ProjectOptions{Disabled: true}, body: object{"branch": "main", "actions": update}, code: 403, want: "403 Forbidden"},
		"to be deleted":      {options: gitlab.ProjectOptions{Deleting: true}, body: object{"branch": "main", "actions": update}, code: 403, want: "403 Forbidden"},
		"an empty project":   {options: gitlab.ProjectOptions{Empty: true}, body: object{"branch": "x", "start_branch": "main", "actions": []object{{"action": "create", "file_path": "a", "content": "x"}}}, code: 400, want: "Cannot find start_branch"},
		"force of protected": {options: gitlab.ProjectOptions{ForceProtected: []string{"old"}}, body: object{"branch": "old", "start_branch": "main", "force": true, "actions": update}, code: 400, want: "not allowed to force push"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, gitlab.Options{})
			l.project("acme/base", tt.options)
			if !tt.options.Empty {
				_, err := l.Push("acme/base", "old", "ann", "old", gitlab.File{Path: "f", Content: []byte("f")})
				require.NoError(t, err)
			}
			tt.body["commit_message"] = "text"
			if tt.body["branch"] == nil {
				l.handler = l.Handler() // the description would say so first
			}
			before, _ := l.Branches("acme/base", "")
			got := l.ask("POST", base+"/repository/commits", tt.body)
			assert.Equal(t, tt.code, got.Code, got.Body)
			assert.Contains(t, got.Body, tt.want)
			after, _ := l.Branches("acme/base", "")
			assert.Equal(t, before, after)
		})
	}
}

// TestCommitActions makes commits and has git look at them.
func TestCommitActions(t *testing.T) {
	l := newLab(t, gitlab.Options{WebCommitter: "noreply@gitlab.com"})
	l.project("acme/base", gitlab.ProjectOptions{})
	head, err := l.Branch("acme/base", "main")
	require.NoError(t, err)
	got := l.ask("POST", base+"/repository/commits", object{
		"branch": "basekeeper/x", "start_sha": head, "commit_message": "many\n\nthings", "author_name": "Ann", "author_email": "ann@example.com",
		"actions": []object{
			{"action": "create", "file_path": "bin/run", "content": "#!", "execute_filemode": true},
			{"action": "move", "file_path": "docker/Dockerfile", "previous_path": "Dockerfile"},
			{"action": "create", "file_path": "gone", "content": ""},
			{"action": "delete", "file_path": "gone"},
			{"action": "chmod", "file_path": "docker/Dockerfile", "execute_filemode": true},
		},
	})
	require.Equal(t, http.StatusCreated, got.Code, got.Body)
	assert.Equal(t, "noreply@gitlab.com", got.object(t)["committer_email"])
	assert.Equal(t, "ann@example.com", got.object(t)["author_email"])
	assert.Equal(t, http.StatusOK, l.ask("GET", base+"/repository/commits/basekeeper%2Fx/signature", nil).Code)
	got = l.ask("POST", base+"/repository/commits", object{
		"branch": "basekeeper/x", "start_sha": head, "force": true, "commit_message": "again",
		"actions": []object{{"action": "update", "file_path": "Dockerfile", "content": "FROM debian:12\n"}},
	})
	require.Equal(t, http.StatusCreated, got.Code, "unchanged content makes an empty commit: %s", got.Body)
	assert.Equal(t, []any{head}, got.object(t)["parent_ids"], "the branch is replaced")

	require.NoError(t, l.CreateProject("acme/empty", gitlab.ProjectOptions{Empty: true}))
	got = l.ask("POST", "/projects/acme%2Fempty/repository/commits", object{
		"branch": "main", "commit_message": "first", "actions": []object{{"action": "create", "file_path": "a", "content": "x"}},
	})
	require.Equal(t, http.StatusCreated, got.Code, got.Body)

	dir := t.TempDir()
	require.NoError(t, l.WriteBare("acme/base", dir))
	out, err := exec.Command("git", "-C", dir, "fsck", "--strict", "--full").CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.Command("git", "-C", dir, "rev-list", "--all", "--count").CombinedOutput()
	require.NoError(t, err)
	assert.Equal(t, "2", strings.TrimSpace(string(out)))
}

func TestBranchesAreMadeAndDeleted(t *testing.T) {
	l := newLab(t, gitlab.Options{})
	l.project("acme/base", gitlab.ProjectOptions{Protected: []string{"kept"}})
	head, err := l.Branch("acme/base", "main")
	require.NoError(t, err)
	require.NoError(t, l.ForcePush("acme/base", "kept", "ann", head))
	make := func(branch, ref string) int {
		return l.ask("POST", base+"/repository/branches", object{"branch": branch, "ref": ref}).Code
	}
	remove := func(branch string) answer {
		return l.ask("DELETE", base+"/repository/branches/"+branch, nil)
	}
	assert.Equal(t, http.StatusCreated, make("a", "main"))
	assert.Equal(t, http.StatusBadRequest, make("a", "main"))
	assert.Equal(t, http.StatusBadRequest, make("b", "none"))
	assert.Equal(t, http.StatusForbidden, make("kept", "main"))
	assert.Equal(t, http.StatusNoContent, remove("a").Code)
	assert.Equal(t, http.StatusNotFound, remove("a").Code)
	assert.Contains(t, remove("main").Body, "Cannot remove HEAD branch")
	assert.Contains(t, remove("kept").Body, "Protected branch can't be removed")
}

func TestPages(t *testing.T) {
	l := newLab(t, gitlab.Options{Root: "/gitlab"})
	var files []gitlab.File
	for i := range 5 {
		l.project(fmt.Sprintf("acme/p%d", i), gitlab.ProjectOptions{})
		files = append(files, gitlab.File{Path: fmt.Sprintf("f%d", i), Content: []byte("x")})
	}
	require.NoError(t, l.CreateProject("acme/base", gitlab.ProjectOptions{}, files...))
	follow := func(path, name string) (found []string) {
		for range 9 {
			got := l.through(l.handler, "GET", path, nil)
			require.Equal(t, http.StatusOK, got.Code, got.Body)
			for _, v := range got.list(t) {
				found = append(found, fmt.Sprint(v[name]))
			}
			path = ""
			for _, link := range strings.Split(got.Header.Get("Link"), ", ") {
				if address, next := strings.CutSuffix(link, `>; rel="next"`); next {
					path = strings.TrimPrefix(address, "<http://gitlab.example")
				}
			}
			if path == "" {
				return found
			}
		}
		return append(found, "no end")
	}
	names := []string{"p0", "p1", "p2", "p3", "p4", "base"}
	assert.Equal(t, names, follow("/gitlab/api/v4/projects?pagination=keyset&order_by=id&sort=asc&per_page=2&membership=true", "path"))
	assert.Equal(t, names, follow("/gitlab/api/v4/groups/acme/projects?order_by=id&sort=asc&per_page=4", "path"))
	assert.Equal(t, []string{"f0", "f1", "f2", "f3", "f4"}, follow("/gitlab/api/v4/projects/acme%2Fbase/repository/tree?pagination=keyset&per_page=2", "name"))
	got := l.through(l.handler, "GET", "/gitlab/api/v4/projects?per_page=4&page=2", nil)
	assert.Equal(t, []string{"6", "2", "1", ""}, []string{got.Header.Get("X-Total"), got.Header.Get("X-Total-Pages"), got.Header.Get("X-Prev-Page"), got.Header.Get("X-Next-Page")})
	assert.Equal(t, http.StatusNotFound, l.through(l.Handler(), "GET", "/api/v4/projects", nil).Code, "the root is missing")
}
