package github_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

const zeros = "0000000000000000000000000000000000000000"

// TestUpdateRefs moves several refs, all or none.
func TestUpdateRefs(t *testing.T) {
	type update map[string]any
	tests := map[string]struct {
		updates func(main, topic string) []update
		want    string   // of the error; empty for none
		left    []string // branches afterwards
	}{
		"make, move and delete": {func(main, topic string) []update {
			return []update{
				{"name": "refs/heads/new", "afterOid": main, "beforeOid": zeros},
				{"name": "refs/heads/old", "afterOid": topic, "beforeOid": main},
				{"name": "refs/heads/gone", "afterOid": zeros},
			}
		}, "", []string{"main", "new", "old", "topic"}},
		"one is not where it was": {func(main, topic string) []update {
			return []update{{"name": "refs/heads/new", "afterOid": main}, {"name": "refs/heads/old", "afterOid": topic, "beforeOid": topic}}
		}, "expected", []string{"gone", "main", "old", "topic"}},
		"one is there already": {func(main, _ string) []update {
			return []update{{"name": "refs/heads/new", "afterOid": main}, {"name": "refs/heads/old", "afterOid": main, "beforeOid": zeros}}
		}, "expected " + zeros, []string{"gone", "main", "old", "topic"}},
		"one would go back": {func(main, _ string) []update {
			return []update{{"name": "refs/heads/new", "afterOid": main}, {"name": "refs/heads/topic", "afterOid": main}}
		}, "not a fast forward", []string{"gone", "main", "old", "topic"}},
		"one goes back by force": {func(main, _ string) []update {
			return []update{{"name": "refs/heads/topic", "afterOid": main, "force": true}}
		}, "", []string{"gone", "main", "old", "topic"}},
		"a commit that is not there": {func(string, string) []update {
			return []update{{"name": "refs/heads/new", "afterOid": strings.Repeat("a", 40)}}
		}, "Object does not exist", []string{"gone", "main", "old", "topic"}},
		"the default branch": {func(string, string) []update {
			return []update{{"name": "refs/heads/main", "afterOid": zeros}}
		}, "Cannot delete the default branch", []string{"gone", "main", "old", "topic"}},
		"a name that is none": {func(main, _ string) []update {
			return []update{{"name": "refs/heads/a..b", "afterOid": main}}
		}, "Reference name is invalid", []string{"gone", "main", "old", "topic"}},
		"a directory of a branch": {func(main, _ string) []update {
			return []update{{"name": "refs/heads/old/one", "afterOid": main}}
		}, "refs/heads/old exists", []string{"gone", "main", "old", "topic"}},
		"twice the same": {func(main, topic string) []update {
			return []update{{"name": "refs/heads/old", "afterOid": topic}, {"name": "refs/heads/old", "afterOid": main}}
		}, "twice", []string{"gone", "main", "old", "topic"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, github.RepositoryOptions{})
			w.propose("topic", "Dockerfile", "FROM debian:13\n")
			require.NoError(t, w.ForcePush("acme/app", "old", "ann", w.main))
			require.NoError(t, w.ForcePush("acme/app", "gone", "ann", w.main))
			topic, err := w.Branch("acme/app", "topic")
			require.NoError(t, err)
			a := w.as("app's").graphql(`mutation($r: ID!, $u: [RefUpdate!]!) { updateRefs(input: {repositoryId: $r, refUpdates: $u}) { clientMutationId } }`,
				map[string]any{"r": w.repo, "u": tt.updates(w.main, topic)})
			if tt.want == "" {
				assert.Nil(t, a.at("errors"), "%s", a.Body)
			} else {
				assert.Contains(t, a.text("errors", 0, "message"), tt.want)
			}
			left, err := w.Branches("acme/app", "")
			require.NoError(t, err)
			assert.Equal(t, tt.left, left)
		})
	}
}

// TestUpdateRefsReplacesAHead moves an open pull request's head to a commit
// beside the old one in one step, which leaves it open.
func TestUpdateRefsReplacesAHead(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.propose("topic", "Dockerfile", "FROM debian:13\n")
	beside, err := w.Push("acme/app", "beside", "ann", "other", github.File{Path: "Dockerfile", Content: []byte("FROM debian:14\n")})
	require.NoError(t, err)
	a := w.as("app's").graphql(`mutation($r: ID!, $u: [RefUpdate!]!) { updateRefs(input: {repositoryId: $r, refUpdates: $u}) { clientMutationId } }`,
		map[string]any{"r": w.repo, "u": []any{
			map[string]any{"name": "refs/heads/topic", "afterOid": beside, "beforeOid": w.PullRequests("acme/app")[0].HeadID, "force": true},
			map[string]any{"name": "refs/heads/beside", "afterOid": zeros},
		}})
	require.Nil(t, a.at("errors"), "%s", a.Body)
	p := w.PullRequests("acme/app")[0]
	assert.Equal(t, "OPEN", p.State)
	assert.Equal(t, beside, p.HeadID)
}

func TestRefMutations(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.propose("topic", "Dockerfile", "FROM debian:13\n")
	c := w.as("app's")
	id := c.graphql(`{ repository(owner: "acme", name: "app") { ref(qualifiedName: "topic") { id } } }`, nil).text("data", "repository", "ref", "id")
	const update = `mutation($i: UpdateRefInput!) { updateRef(input: $i) { ref { target { oid } } } }`
	a := c.graphql(update, map[string]any{"i": map[string]any{"refId": id, "oid": w.main}})
	assert.Contains(t, a.text("errors", 0, "message"), "not a fast forward")
	a = c.graphql(update, map[string]any{"i": map[string]any{"refId": id, "oid": w.main, "force": true}})
	assert.Equal(t, w.main, a.text("data", "updateRef", "ref", "target", "oid"))
	a = c.graphql(`mutation($i: DeleteRefInput!) { deleteRef(input: $i) { clientMutationId } }`, map[string]any{"i": map[string]any{"refId": id, "clientMutationId": "7"}})
	assert.Equal(t, "7", a.text("data", "deleteRef", "clientMutationId"))
	a = c.graphql(update, map[string]any{"i": map[string]any{"refId": id, "oid": w.main}})
	assert.Equal(t, "NOT_FOUND", a.text("errors", 0, "type"))
}

func TestCreateCommitOnBranchRefuses(t *testing.T) {
	x := base64.StdEncoding.EncodeToString([]byte("x"))
	tests := map[string]struct {
		branch, head string // head: "main" for the right one
		changes      map[string]any
		kind, want   string
	}{
		"stale":         {"topic", strings.Repeat("b", 40), map[string]any{"additions": []any{map[string]any{"path": "a", "contents": x}}}, "STALE_DATA", `Expected branch to point to "` + strings.Repeat("b", 40) + `" but it did not. Pull and try again.`},
		"no branch":     {"none", "main", nil, "NOT_FOUND", "none"},
		"nothing there": {"topic", "main", map[string]any{"deletions": []any{map[string]any{"path": "none"}}}, "UNPROCESSABLE", "A path was requested for deletion which does not exist as of commit oid"},
		"a workflow": {"topic", "main", map[string]any{"additions": []any{map[string]any{"path": ".github/workflows/ci.yml", "contents": x}}}, "FORBIDDEN",
			"refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission"},
		"a bad path": {"topic", "main", map[string]any{"additions": []any{map[string]any{"path": "../up", "contents": x}}}, "UNPROCESSABLE", "malformed path component"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, github.RepositoryOptions{})
			require.NoError(t, w.ForcePush("acme/app", "topic", "ann", w.main))
			head := tt.head
			if head == "main" {
				head = w.main
			}
			input := map[string]any{
				"branch": map[string]any{"repositoryNameWithOwner": "acme/app", "branchName": tt.branch}, "expectedHeadOid": head,
				"message": map[string]any{"headline": "x"},
			}
			if tt.changes != nil {
				input["fileChanges"] = tt.changes
			}
			a := w.as("app's").graphql(`mutation($i: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $i) { commit { oid } } }`, map[string]any{"i": input})
			assert.Equal(t, tt.kind, a.text("errors", 0, "type"))
			assert.Contains(t, a.text("errors", 0, "message"), tt.want)
			at, err := w.Branch("acme/app", "topic")
			require.NoError(t, err)
			assert.Equal(t, w.main, at)
		})
	}
}

func TestRESTRefRefuses(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.propose("topic", "Dockerfile", "FROM debian:13\n")
	tests := map[string]struct {
		method, path string
		body         map[string]any
		status       int
		want         string
	}{
		"there already":  {http.MethodPost, "/git/refs", map[string]any{"ref": "refs/heads/topic", "sha": w.main}, 422, "Reference already exists"},
		"no such commit": {http.MethodPost, "/git/refs", map[string]any{"ref": "refs/heads/x", "sha": strings.Repeat("a", 40)}, 422, "Object does not exist"},
		"short name":     {http.MethodPost, "/git/refs", map[string]any{"ref": "heads/x", "sha": w.main}, 422, "three slash-separated components"},
		"bad name":       {http.MethodPost, "/git/refs", map[string]any{"ref": "refs/heads/a b", "sha": w.main}, 422, "Reference name is invalid"},
		"goes back":      {http.MethodPatch, "/git/refs/heads/topic", map[string]any{"sha": w.main}, 422, "Update is not a fast forward"},
		"move none":      {http.MethodPatch, "/git/refs/heads/none", map[string]any{"sha": w.main}, 422, "Reference does not exist"},
		"delete none":    {http.MethodDelete, "/git/refs/heads/none", nil, 422, "Reference does not exist"},
		"get none":       {http.MethodGet, "/git/ref/heads/none", nil, 404, "Not Found"},
		"no such tree":   {http.MethodPost, "/git/commits", map[string]any{"message": "x", "tree": w.main}, 422, "Tree SHA does not exist"},
		"no such parent": {http.MethodPost, "/git/trees", map[string]any{"base_tree": zeros, "tree": []any{}}, 422, "base_tree"},
		"no such blob":   {http.MethodPost, "/git/trees", map[string]any{"tree": []any{map[string]any{"path": "a", "mode": "100644", "type": "blob", "sha": zeros}}}, 422, "is not a valid blob"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var body any
			if tt.body != nil {
				body = tt.body
			}
			a := w.as("app's").rest(tt.method, "/repos/acme/app"+tt.path, body)
			assert.Equal(t, tt.status, a.Status)
			assert.Contains(t, a.text("message"), tt.want)
		})
	}
	moved := w.as("app's").rest(http.MethodPatch, "/repos/acme/app/git/refs/heads/topic", map[string]any{"sha": w.main, "force": true})
	assert.Equal(t, w.main, moved.text("object", "sha"))
	assert.Equal(t, "CLOSED", w.PullRequests("acme/app")[0].State)
}
