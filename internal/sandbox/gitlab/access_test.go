package gitlab_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// TestAccess asks the same of one project with different tokens.
func TestAccess(t *testing.T) {
	const public, private, archived = "/projects/acme%2Fpublic", "/projects/acme%2Fprivate", "/projects/acme%2Farchived"
	branch := object{"branch": "new", "ref": "main"}
	tests := map[string]struct {
		token, method, path string
		body                any
		code                int
		want                string
	}{
		"nobody reads what is public":   {"", "GET", public, nil, 200, `"path":"public"`},
		"nobody does not see the rest":  {"", "GET", private, nil, 404, "404 Project Not Found"},
		"nobody writes":                 {"", "POST", public + "/repository/branches", branch, 401, "401 Unauthorized"},
		"nobody has no account":         {"", "GET", "/user", nil, 401, "401 Unauthorized"},
		"a wrong token":                 {"wrong", "GET", public, nil, 401, "401 Unauthorized"},
		"an expired one":                {"old", "GET", public, nil, 401, "Token is expired"},
		"OAuth as a private token":      {"oauth", "GET", public, nil, 401, "401 Unauthorized"},
		"OAuth as a bearer":             {"Bearer oauth", "GET", private, nil, 200, `"path":"private"`},
		"personal as a bearer":          {"Bearer personal", "GET", private, nil, 200, `"path":"private"`},
		"a member writes":               {"personal", "POST", private + "/repository/branches", branch, 201, `"name":"new"`},
		"a stranger does not see":       {"stranger", "GET", private, nil, 404, "404 Project Not Found"},
		"a stranger sees what is inner": {"stranger", "GET", "/projects/acme%2Finternal", nil, 200, `"visibility":"internal"`},
		"a stranger does not write":     {"stranger", "POST", public + "/repository/branches", branch, 403, "403 Forbidden"},
		"a project's token elsewhere":   {"project", "GET", private, nil, 404, "404 Project Not Found"},
		"a project's token at home":     {"project", "POST", public + "/repository/branches", branch, 201, `"name":"new"`},
		"a group's token":               {"group", "GET", private, nil, 200, `"path":"private"`},
		"a reporter reads":              {"reporter", "GET", private + "/repository/branches", nil, 200, "[]"},
		"a reporter does not write":     {"reporter", "POST", private + "/repository/branches", branch, 403, "403 Forbidden"},
		"read_api reads":                {"reader", "GET", private, nil, 200, `"path":"private"`},
		"read_api does not write":       {"reader", "POST", private + "/repository/branches", branch, 403, "insufficient_scope"},
		"another scope":                 {"registry", "GET", private, nil, 403, "insufficient_scope"},
		"a job reads the registry":      {"JOB job", "GET", private + "/registry/repositories", nil, 200, "[]"},
		"only of its own project":       {"JOB job", "GET", public + "/registry/repositories", nil, 403, "403 Forbidden"},
		"a job opens no merge request":  {"JOB job", "POST", private + "/merge_requests", object{"title": "T", "source_branch": "x", "target_branch": "main"}, 401, "401 Unauthorized"},
		"a job makes no commit":         {"JOB job", "POST", private + "/repository/branches", branch, 401, "401 Unauthorized"},
		"a job does not see":            {"JOB job", "GET", private, nil, 404, "404 Project Not Found"},
		"a job's as a private token":    {"job", "GET", public, nil, 401, "401 Unauthorized"},
		"archived is read":              {"personal", "GET", archived + "/repository/branches", nil, 200, "main"},
		"archived is not written":       {"personal", "POST", archived + "/repository/branches", branch, 403, "403 Forbidden"},
		"merge requests are off":        {"personal", "GET", archived + "/merge_requests", nil, 403, "403 Forbidden"},
		"moved, not by GET":             {"personal", "POST", "/projects/acme%2Fold/repository/branches", branch, 405, "moved"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, gitlab.Options{})
			l.project("acme/public", gitlab.ProjectOptions{})
			require.NoError(t, l.CreateProject("acme/private", gitlab.ProjectOptions{Visibility: gitlab.Private, Empty: strings.HasPrefix(name, "a reporter reads")}))
			l.project("acme/internal", gitlab.ProjectOptions{Visibility: gitlab.Internal})
			l.project("acme/archived", gitlab.ProjectOptions{Archived: true, NoMergeRequests: true})
			l.project("acme/old", gitlab.ProjectOptions{})
			require.NoError(t, l.Move("acme/old", "acme/moved"))
			for secret, token := range map[string]gitlab.Token{
				"personal": {Login: "bob"}, "old": {Login: "bob"}, "oauth": {Login: "bob", Kind: gitlab.OAuthToken}, "stranger": {Login: "eve", Projects: []string{"eve"}},
				"project": {Kind: gitlab.ProjectToken, Projects: []string{"acme/public"}}, "group": {Kind: gitlab.GroupToken, Projects: []string{"acme"}},
				"reporter": {Login: "rob", Role: gitlab.Reporter}, "reader": {Login: "bob", Scopes: []string{"read_api"}},
				"registry": {Login: "bob", Scopes: []string{"read_registry"}}, "job": {Login: "bob", Kind: gitlab.JobToken, Projects: []string{"acme/private"}},
			} {
				l.AddToken(secret, token)
			}
			l.ExpireToken("old")
			l.token = ""
			l.handler = withToken(l.handler, tt.token)
			got := l.ask(tt.method, tt.path, tt.body)
			assert.Equal(t, tt.code, got.Code, got.Body)
			assert.Contains(t, got.Body, tt.want)
		})
	}
}

// withToken sends a token: as a private one, or after Bearer or JOB in its way.
func withToken(h http.Handler, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		how, secret, _ := strings.Cut(token, " ")
		switch {
		case how == "Bearer":
			r.Header.Set("Authorization", token)
		case how == "JOB":
			r.Header.Set("JOB-TOKEN", secret)
		case token != "":
			r.Header.Set("PRIVATE-TOKEN", token)
		}
		h.ServeHTTP(w, r)
	})
}

func TestLimits(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 15, 0, time.UTC)
	l := newLab(t, gitlab.Options{Now: func() time.Time { return now }})
	l.project("acme/base", gitlab.ProjectOptions{})
	got := l.ask("GET", "/user", nil)
	assert.Equal(t, []string{"2000", "1999"}, []string{got.Header.Get("RateLimit-Limit"), got.Header.Get("RateLimit-Remaining")})
	l.SetRemaining("secret", 1)
	assert.Equal(t, http.StatusOK, l.ask("GET", "/user", nil).Code)
	got = l.ask("GET", "/user", nil)
	assert.Equal(t, http.StatusTooManyRequests, got.Code)
	assert.Equal(t, "45", got.Header.Get("Retry-After"))
	assert.Equal(t, "text/plain", got.Header.Get("Content-Type"))
	assert.Equal(t, "Retry later\n", got.Body)
	now = now.Add(45 * time.Second)
	assert.Equal(t, http.StatusOK, l.ask("GET", "/user", nil).Code, "the minute is over")

	l.RefuseWrites(1, gitlab.Refusal{Status: http.StatusTooManyRequests, RetryAfter: 1500 * time.Millisecond})
	l.Refuse(1, gitlab.Refusal{Status: http.StatusBadGateway, Only: func(_, path string) bool { return strings.HasSuffix(path, "/labels") }})
	assert.Equal(t, http.StatusOK, l.ask("GET", "/user", nil).Code)
	assert.Equal(t, http.StatusBadGateway, l.ask("GET", base+"/labels", nil).Code)
	got = l.ask("POST", base+"/repository/branches", object{"branch": "a", "ref": "main"})
	assert.Equal(t, http.StatusTooManyRequests, got.Code)
	assert.Equal(t, "2", got.Header.Get("Retry-After"))
	assert.Equal(t, http.StatusCreated, l.ask("POST", base+"/repository/branches", object{"branch": "a", "ref": "main"}).Code)

	reads, writes := l.Counts()
	assert.Equal(t, []int{6, 2}, []int{reads, writes})
	last := l.Requests()[7]
	assert.Equal(t, "POST /api/v4/projects/acme%2Fbase/repository/branches", last.String())
	assert.Equal(t, []any{201, "keeper", true}, []any{last.Status, last.By, last.Write})
	l.query("{currentUser{id}}", nil)
	last = l.Requests()[8]
	assert.Equal(t, []any{"POST /api/graphql query", false, 2}, []any{last.String(), last.Write, last.Complexity})
	l.ResetRequests()
	assert.Zero(t, l.Writes())
	assert.Empty(t, l.Requests())
}

func TestPipelines(t *testing.T) {
	l := newLab(t, gitlab.Options{})
	l.project("acme/base", gitlab.ProjectOptions{})
	require.NoError(t, l.AddTrigger("acme/base", "trigger", "ann"))
	l.AddToken("job", gitlab.Token{Login: "bob", Kind: gitlab.JobToken, Projects: []string{"acme/app"}})
	var seen []gitlab.Event
	l.OnEvent(func(e gitlab.Event) { seen = append(seen, e) })
	post := func(token, ref string) int {
		return l.ask("POST", base+"/trigger/pipeline", object{"token": token, "ref": ref, "variables": object{"IMAGE": "a/b"}}).Code
	}
	assert.Equal(t, http.StatusCreated, post("trigger", "main"))
	assert.Equal(t, http.StatusCreated, post("job", "main"))
	assert.Equal(t, http.StatusBadRequest, post("trigger", "none"))
	assert.Equal(t, http.StatusNotFound, post("wrong", "main"))
	got := l.ask("POST", base+"/pipeline", object{"ref": "main", "variables": []object{{"key": "A", "value": "b"}}})
	assert.Equal(t, http.StatusCreated, got.Code, got.Body)
	form := httptest.NewRequest(http.MethodPost, "http://gitlab.example/api/v4"+base+"/trigger/pipeline", strings.NewReader("token=trigger&ref=main&variables[X]=y"))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, form)
	assert.Equal(t, http.StatusCreated, w.Code, w.Body)

	var sources, variables []string
	for _, p := range l.Pipelines("acme/base") {
		sources = append(sources, p.Source)
		for name, value := range p.Variables {
			variables = append(variables, name+"="+value)
		}
	}
	assert.Equal(t, []string{"trigger", "pipeline", "api", "trigger"}, sources)
	assert.Equal(t, []string{"IMAGE=a/b", "IMAGE=a/b", "A=b", "X=y"}, variables)
	assert.Len(t, seen, 4)
	assert.Equal(t, l.Events()[len(l.Events())-1], seen[3])
}
