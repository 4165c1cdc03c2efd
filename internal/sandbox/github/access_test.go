package github_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

func TestWhoMayDoWhat(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	require.NoError(t, w.CreateRepository("acme/secret", github.RepositoryOptions{Private: true}, github.File{Path: "a"}))
	require.NoError(t, w.CreateRepository("acme/other", github.RepositoryOptions{}, github.File{Path: "a"}))
	require.NoError(t, w.CreateRepository("acme/old", github.RepositoryOptions{Archived: true}, github.File{Path: "a"}))
	blob := map[string]any{"content": "x"}
	tests := map[string]struct {
		secret, method, path string
		body                 any
		status               int
		message, accepted    string
	}{
		"wrong secret":                  {"wrong", "GET", "/repos/acme/app", nil, 401, "Bad credentials", ""},
		"nobody reads what is public":   {"", "GET", "/repos/acme/app", nil, 200, "", "metadata=read"},
		"nobody sees what is private":   {"", "GET", "/repos/acme/secret", nil, 404, "Not Found", ""},
		"nobody writes":                 {"", "POST", "/repos/acme/app/git/blobs", blob, 401, "Requires authentication", "contents=write"},
		"a person writes":               {"ann's", "POST", "/repos/acme/secret/git/blobs", blob, 201, "", "contents=write"},
		"an App without the permission": {"reader's", "POST", "/repos/acme/app/git/blobs", blob, 403, "Resource not accessible by integration", "contents=write"},
		"an App without pull requests":  {"reader's", "POST", "/repos/acme/app/pulls", map[string]any{"head": "a", "base": "b", "title": "c"}, 403, "Resource not accessible by integration", "pull_requests=write"},
		"an App without labels": {"reader's", "GET", "/repos/acme/app/labels", nil, 403, "Resource not accessible by integration",
			"issues=read"},
		"a workflow elsewhere":      {"workflow's", "POST", "/repos/acme/other/git/blobs", blob, 403, "Resource not accessible by integration", "contents=write"},
		"a workflow reads":          {"workflow's", "GET", "/repos/acme/other/git/trees/main", nil, 200, "", "contents=read"},
		"a workflow's own":          {"workflow's", "POST", "/repos/acme/app/git/blobs", blob, 201, "", "contents=write"},
		"an archived repository":    {"ann's", "POST", "/repos/acme/old/git/blobs", blob, 403, "Repository was archived so is read-only.", "contents=write"},
		"a bot is no user":          {"app's", "GET", "/user", nil, 403, "Resource not accessible by integration", ""},
		"nobody is no user":         {"", "GET", "/user", nil, 401, "Requires authentication", ""},
		"a person has no App":       {"ann's", "GET", "/app", nil, 401, "A JSON web token could not be decoded", ""},
		"a person no installation":  {"ann's", "GET", "/installation/repositories", nil, 403, "", ""},
		"a workflow changes itself": {"workflow's", "POST", "/repos/acme/app/git/trees", map[string]any{"base_tree": w.main, "tree": []any{map[string]any{"path": ".github/workflows/ci.yml", "mode": "100644", "type": "blob", "content": "x"}}}, 403, "Resource not accessible by integration", "contents=write,workflows=write"},
		"no such repository":        {"ann's", "GET", "/repos/acme/none", nil, 404, "Not Found", ""},
		"no such user":              {"ann's", "GET", "/users/none", nil, 404, "Not Found", ""},
		"no such pull request":      {"ann's", "GET", "/repos/acme/app/pulls/9", nil, 404, "Not Found", "pull_requests=read"},
		"no such blob":              {"ann's", "GET", "/repos/acme/app/git/blobs/abc", nil, 404, "Not Found", "contents=read"},
		"no such file":              {"ann's", "GET", "/repos/acme/app/contents/none", nil, 404, "Not Found", "contents=read"},
		"no such ref":               {"ann's", "GET", "/repos/acme/app/contents/Dockerfile?ref=none", nil, 404, "No commit found for the ref none", "contents=read"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := w.as(tt.secret).rest(tt.method, tt.path, tt.body)
			assert.Equal(t, tt.status, a.Status, "%s", a.Body)
			assert.Contains(t, string(a.Body), tt.message)
			assert.Equal(t, tt.accepted, a.Header.Get("X-Accepted-GitHub-Permissions"))
		})
	}
}

func TestGraphQLAccess(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{NoActionsPulls: true})
	require.NoError(t, w.CreateRepository("acme/secret", github.RepositoryOptions{Private: true}, github.File{Path: "a"}))
	_, err := w.Push("acme/app", "topic", "ann", "x", github.File{Path: "x", Content: []byte("x")})
	require.NoError(t, err)
	w.AddToken("blind", github.Token{Login: "blind[bot]", Kind: github.InstallationToken, Permissions: map[string]string{"contents": "read"}, Repositories: []string{"acme/app"}})
	ref := `mutation { createRef(input: {repositoryId: "` + w.repo + `", name: "refs/heads/x", oid: "` + w.main + `"}) { ref { id } } }`
	pull := `mutation { createPullRequest(input: {repositoryId: "` + w.repo + `", headRefName: "topic", baseRefName: "main", title: "t"}) { pullRequest { id } } }`
	tests := map[string]struct {
		secret, query, kind, message string
	}{
		"no such repository":          {"ann's", `{ repository(owner: "acme", name: "none") { id } }`, "NOT_FOUND", "Could not resolve to a Repository with the name 'acme/none'."},
		"hidden repository":           {"blind", `{ repository(owner: "acme", name: "secret") { id } }`, "NOT_FOUND", "Could not resolve to a Repository with the name 'acme/secret'."},
		"no such organisation":        {"ann's", `{ organization(login: "ann") { id } }`, "NOT_FOUND", "Could not resolve to an Organization with the login of 'ann'."},
		"no such user":                {"ann's", `{ user(login: "acme") { id } }`, "NOT_FOUND", "Could not resolve to a User with the login of 'acme'."},
		"no such node":                {"ann's", `{ node(id: "R_x") { id } }`, "NOT_FOUND", "Could not resolve to a node with the global id of 'R_x'"},
		"no such pull request":        {"ann's", `{ repository(owner: "acme", name: "app") { pullRequest(number: 7) { id } } }`, "NOT_FOUND", "Could not resolve to a PullRequest with the number of 7."},
		"may not write":               {"reader's", ref, "FORBIDDEN", "Resource not accessible by integration"},
		"may not see pull requests":   {"blind", `{ repository(owner: "acme", name: "app") { pullRequests(first: 1) { totalCount } } }`, "FORBIDDEN", "Resource not accessible by integration"},
		"Actions may not propose":     {"workflow's", pull, "FORBIDDEN", "GitHub Actions is not permitted to create or approve pull requests."},
		"may not have pull requests":  {"reader's", pull, "FORBIDDEN", "Resource not accessible by integration"},
		"a cursor of somebody else's": {"ann's", `{ organization(login: "acme") { repositories(first: 1, after: "xyz") { totalCount } } }`, "INVALID_CURSOR_ARGUMENTS", "`xyz` does not appear to be a valid cursor."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := w.as(tt.secret).graphql(tt.query, nil)
			assert.Equal(t, tt.kind, a.text("errors", 0, "type"))
			assert.Equal(t, tt.message, a.text("errors", 0, "message"))
			assert.NotEmpty(t, a.at("errors", 0, "locations"))
		})
	}
	assert.Equal(t, http.StatusUnauthorized, w.as("").graphql(`{ viewer { login } }`, nil).Status)
	assert.Equal(t, http.StatusUnauthorized, w.as("wrong").graphql(`{ viewer { login } }`, nil).Status)
}

// TestWhatWorkflowsHear: a workflow's token starts no workflows, but for a
// dispatch.
func TestWhatWorkflowsHear(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	c := w.as("workflow's")
	require.Equal(t, http.StatusCreated, c.rest(http.MethodPost, "/repos/acme/app/git/refs", map[string]any{"ref": "refs/heads/x", "sha": w.main}).Status)
	require.Equal(t, http.StatusNoContent, c.rest(http.MethodPost, "/repos/acme/app/dispatches", map[string]any{"event_type": "go"}).Status)
	_, err := w.Push("acme/app", "x", "ann", "x", github.File{Path: "x"})
	require.NoError(t, err)
	var heard []string
	for _, e := range w.Events() {
		if e.Workflows {
			heard = append(heard, e.Name+" by "+e.By)
		}
	}
	assert.Len(t, w.Events(), 3)
	assert.Equal(t, []string{"repository_dispatch by github-actions[bot]", "push by ann"}, heard)
}

// jwt signs claims as an App does.
func jwt(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." + part(claims)
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	require.NoError(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestApp(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	w := newWorld(t, github.RepositoryOptions{})
	require.NoError(t, w.CreateRepository("acme/secret", github.RepositoryOptions{Private: true}, github.File{Path: "a"}))
	require.NoError(t, w.CreateRepository("ann/own", github.RepositoryOptions{Private: true}, github.File{Path: "a"}))
	w.AddApp(7, "keeper", &key.PublicKey,
		github.Installation{ID: 71, Account: "acme", Permissions: map[string]string{"contents": "write", "metadata": "read"}},
		github.Installation{ID: 72, Account: "ann", Repositories: []string{"ann/own"}})
	now := w.clock.now.Unix()
	app := w.as(jwt(t, key, map[string]any{"iat": now - 60, "exp": now + 540, "iss": "7"}))
	for _, path := range []string{
		"/app", "/app/installations", "/app/installations/71", "/orgs/acme/installation", "/users/ann/installation", "/repos/acme/secret/installation",
	} {
		assert.Equal(t, http.StatusOK, app.rest(http.MethodGet, path, nil).Status, path)
	}
	assert.Equal(t, http.StatusNotFound, app.rest(http.MethodGet, "/users/eve/installation", nil).Status)
	assert.Equal(t, http.StatusNotFound, app.rest(http.MethodGet, "/app/installations/9", nil).Status)

	w.ResetRequests()
	given := app.rest(http.MethodPost, "/app/installations/71/access_tokens", nil)
	require.Equal(t, http.StatusCreated, given.Status, "%s", given.Body)
	assert.Equal(t, "2026-03-01T13:00:00Z", given.text("expires_at"))
	_, writes := w.Counts()
	assert.Zero(t, writes, "a token is not content")
	bot := w.as(given.text("token"))
	repositories := bot.rest(http.MethodGet, "/installation/repositories?per_page=1", nil)
	assert.InDelta(t, 2, repositories.at("total_count"), 0)
	assert.Contains(t, repositories.Header.Get("Link"), `/installation/repositories?page=2&per_page=1>; rel="next"`)
	assert.Equal(t, "keeper[bot]", bot.graphql(`{ viewer { login } }`, nil).text("data", "viewer", "login"))
	assert.Equal(t, http.StatusNotFound, bot.rest(http.MethodGet, "/repos/ann/own", nil).Status, "another installation's")
	w.clock.now = w.clock.now.Add(time.Hour)
	assert.Equal(t, http.StatusUnauthorized, bot.rest(http.MethodGet, "/repos/acme/app", nil).Status, "expired")

	now = w.clock.now.Unix()
	app = w.as(jwt(t, key, map[string]any{"iat": now, "exp": now + 600, "iss": 7}))
	narrow := app.rest(http.MethodPost, "/app/installations/71/access_tokens", map[string]any{"repositories": []string{"secret"}, "permissions": map[string]any{"contents": "read"}})
	require.Equal(t, http.StatusCreated, narrow.Status, "%s", narrow.Body)
	bot = w.as(narrow.text("token"))
	assert.Equal(t, http.StatusOK, bot.rest(http.MethodGet, "/repos/acme/secret", nil).Status)
	assert.Equal(t, http.StatusForbidden, bot.rest(http.MethodPost, "/repos/acme/secret/git/blobs", map[string]any{"content": "x"}).Status)
	assert.InDelta(t, 1, bot.rest(http.MethodGet, "/installation/repositories", nil).at("total_count"), 0)
	for _, more := range []map[string]any{{"repositories": []string{"none"}}, {"permissions": map[string]any{"issues": "write"}}} {
		assert.Equal(t, http.StatusUnprocessableEntity, app.rest(http.MethodPost, "/app/installations/71/access_tokens", more).Status)
	}
}

func TestAppTokenRefuses(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	w := newWorld(t, github.RepositoryOptions{})
	w.AddApp(7, "keeper", &key.PublicKey)
	now := w.clock.now.Unix()
	tests := map[string]struct{ token, want string }{
		"another key":     {jwt(t, other, map[string]any{"iat": now, "exp": now + 60, "iss": "7"}), "could not be decoded"},
		"no such App":     {jwt(t, key, map[string]any{"iat": now, "exp": now + 60, "iss": "8"}), "Integration not found"},
		"expired":         {jwt(t, key, map[string]any{"iat": now - 900, "exp": now - 1, "iss": "7"}), "'exp'"},
		"lives too long":  {jwt(t, key, map[string]any{"iat": now, "exp": now + 3600, "iss": "7"}), "too far in the future"},
		"from the future": {jwt(t, key, map[string]any{"iat": now + 300, "exp": now + 500, "iss": "7"}), "'iat'"},
		"no token at all": {"a.b.c", "could not be decoded"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := w.as(tt.token).rest(http.MethodGet, "/app", nil)
			assert.Equal(t, http.StatusUnauthorized, a.Status)
			assert.Contains(t, a.text("message"), tt.want)
		})
	}
	good := jwt(t, key, map[string]any{"iat": now, "exp": now + 60, "iss": "7"})
	assert.Equal(t, http.StatusOK, w.as(good).rest(http.MethodGet, "/app", nil).Status)
	assert.Equal(t, http.StatusUnauthorized, w.as(good).graphql(`{ viewer { login } }`, nil).Status, "an App's own token asks nothing else")
	forged := bytes.Replace([]byte(good), []byte("."), []byte("x."), 1)
	assert.Equal(t, http.StatusUnauthorized, w.as(string(forged)).rest(http.MethodGet, "/app", nil).Status)
}
