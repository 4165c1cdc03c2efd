package github_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// FuzzGraphQL: whatever is asked, an answer of GraphQL's form comes back.
func FuzzGraphQL(f *testing.F) {
	f.Add(everything, `{"owner":"acme","name":"app"}`)
	f.Add(`{ organization(login: "acme") { repositories(last: -1, after: "Y3Vyc29yOi01") { nodes { name } } } }`, `{}`)
	f.Add(`{ ...a } fragment a on Query { ...a viewer @skip { login } }`, `{}`)
	f.Add(`mutation($i: X) { createRef(input: $i) { ref { id } } updateRefs(input: {refUpdates: [7]}) { clientMutationId } }`, `{"i":[]}`)
	f.Add(`{ node(id: "C_MTA6YQ") { id } nodes(ids: "R_MTA") { id } rateLimit { cost } }`, `null`)
	f.Fuzz(func(t *testing.T, query, variables string) {
		s := github.New(github.Options{})
		s.AddOrganization("acme")
		require.NoError(t, s.CreateRepository("acme/app", github.RepositoryOptions{}, github.File{Path: "Dockerfile"}))
		s.AddToken("secret", github.Token{Login: "ann"})
		var raw json.RawMessage
		if json.Unmarshal([]byte(variables), &raw) != nil {
			raw = nil
		}
		body, err := json.Marshal(map[string]any{"query": query, "variables": raw})
		require.NoError(t, err)
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
		r.Header.Set("Authorization", "Bearer secret")
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
