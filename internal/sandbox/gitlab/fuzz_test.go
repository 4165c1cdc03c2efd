package gitlab_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// FuzzGraphQL: whatever is asked, an answer of GraphQL's form comes back.
func FuzzGraphQL(f *testing.F) {
	f.Add(`query($p:ID!){project(fullPath:$p){id repository{tree(recursive:true){blobs(first:2){nodes{path}}}}}}`, `{"p":"acme/app"}`)
	f.Add(`{group(fullPath:"acme"){projects(last:-1,after:"eyJvZmZzZXQiOiI5OTk5In0="){nodes{fullPath} pageInfo{endCursor}}}}`, `{}`)
	f.Add(`{...a} fragment a on Query{...a currentUser @skip{id}}`, `null`)
	f.Add(`query($n:Int,$s:[String!]!){project(fullPath:"acme/app"){mergeRequests(first:$n,iids:$s,updatedAfter:"x"){count}}}`, `{"n":1e99,"s":[null]}`)
	f.Add(`{a:projects(ids:[]){nodes{x:repository{blobs(paths:["", "/", "Dockerfile"]){nodes{rawBlob}} branchNames(searchPattern:"**",offset:-1,limit:-1)}}}}`, `{}`)
	f.Fuzz(func(t *testing.T, query, variables string) {
		s := gitlab.New(gitlab.Options{})
		require.NoError(t, s.CreateProject("acme/app", gitlab.ProjectOptions{}, gitlab.File{Path: "Dockerfile"}))
		s.AddToken("secret", gitlab.Token{Login: "ann"})
		var raw json.RawMessage
		if json.Unmarshal([]byte(variables), &raw) != nil {
			raw = nil
		}
		body, err := json.Marshal(map[string]any{"query": query, "variables": raw})
		require.NoError(t, err)
		r := httptest.NewRequest(http.MethodPost, "/api/graphql", strings.NewReader(string(body)))
		r.Header.Set("PRIVATE-TOKEN", "secret")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		var answer struct {
			Data   any
			Errors []struct{ Message string }
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
		require.True(t, answer.Data != nil || len(answer.Errors) > 0, "neither data nor errors: %s", w.Body)
	})
}

// FuzzCommit: no actions bring the server down, or leave a repository that git
// would not read.
func FuzzCommit(f *testing.F) {
	f.Add(`{"branch":"x","start_branch":"main","commit_message":"m","actions":[{"action":"create","file_path":"a/b","content":"eA==","encoding":"base64"}]}`)
	f.Add(`{"branch":"main","commit_message":"m","actions":[{"action":"move","file_path":"Dockerfile/x","previous_path":"Dockerfile"}]}`)
	f.Add(`{"branch":"main","force":true,"start_sha":"main","commit_message":"m","actions":[{"action":"delete","file_path":".git/x"},{"action":"chmod","file_path":"Dockerfile","execute_filemode":null}]}`)
	f.Add(`{"branch":7,"commit_message":[],"actions":{}}`)
	f.Fuzz(func(t *testing.T, body string) {
		s := gitlab.New(gitlab.Options{})
		require.NoError(t, s.CreateProject("acme/app", gitlab.ProjectOptions{}, gitlab.File{Path: "Dockerfile"}))
		s.AddToken("secret", gitlab.Token{Login: "ann"})
		r := httptest.NewRequest(http.MethodPost, "/api/v4/projects/acme%2Fapp/repository/commits", strings.NewReader(body))
		r.Header.Set("PRIVATE-TOKEN", "secret")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		require.NotEqual(t, http.StatusInternalServerError, w.Code, w.Body)
		if w.Code == http.StatusCreated {
			require.NotEqual(t, "[]", w.Body.String())
			return
		}
		names, err := s.Branches("acme/app", "")
		require.NoError(t, err)
		require.Equal(t, []string{"main"}, names, "what is refused changes nothing")
	})
}
