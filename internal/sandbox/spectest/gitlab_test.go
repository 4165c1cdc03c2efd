package spectest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// TestWrapGitLab shows that what GitLab would not know fails a test.
func TestWrapGitLab(t *testing.T) {
	const list = "/api/v4/projects/g%2Fp/registry/repositories"
	tests := map[string]struct {
		method, target string
		body           string
		status         int
		answer         string
		want           string // part of the one failure; empty for none
	}{
		"a list":                  {"GET", list + "?page=1&per_page=100", "", 200, `[{"id":1,"path":"g/p"}]`, ""},
		"a tag is deleted":        {"DELETE", list + "/7/tags/v1.0", "", 200, "", ""},
		"refusal":                 {"DELETE", list + "/7/tags/v1.0", "", 403, `{"message":"403 Forbidden"}`, ""},
		"unknown path":            {"GET", list + "/7/labels", "", 200, "[]", "does not know it"},
		"unknown method":          {"PUT", list, "", 200, "[]", "does not know it"},
		"unknown parameter":       {"GET", list + "?limit=7", "", 200, "[]", `unknown parameter "limit"`},
		"wrong parameter":         {"GET", list + "?page=first", "", 200, "[]", "page"},
		"an id that is no number": {"DELETE", list + "/seven/tags/v1", "", 200, "", "repository_id"},
		"unknown field":           {"GET", list, "", 200, `[{"id":1,"digest":"x"}]`, "unknown field [0].digest"},
		"under a root":            {"GET", "/gitlab/api/v4/version", "", 200, `{"version":"18"}`, ""},
		"of the supplement":       {"GET", "/api/v4/user", "", 200, `{"username":"ann"}`, ""},
		"unknown there":           {"GET", "/api/v4/user", "", 200, `{"login":"ann"}`, "unknown field .login"},
		"a note":                  {"POST", "/api/v4/projects/1/merge_requests/2/notes", `{"body":"x"}`, 201, `{"id":1}`, ""},
		"a note of quick actions": {"POST", "/api/v4/projects/1/merge_requests/2/notes", `{"body":"/close"}`, 202, `{"commands_changes":{},"summary":[]}`, ""},
		"a note without text":     {"POST", "/api/v4/projects/1/merge_requests/2/notes", `{"text":"x"}`, 400, `{"error":"body is missing"}`, "body"},
		"a list said to be one":   {"GET", "/api/v4/projects/1/merge_requests", "", 200, `[{"iid":1,"number":1}]`, "unknown field [0].number"},
		"labels with commas":      {"POST", "/api/v4/projects/1/merge_requests", `{"title":"T","source_branch":"a","target_branch":"b","labels":"x,y"}`, 201, `{"iid":1}`, ""},
		"labels as numbers":       {"POST", "/api/v4/projects/1/merge_requests", `{"title":"T","source_branch":"a","target_branch":"b","labels":7}`, 400, `{}`, "labels"},
		"a commit":                {"POST", "/api/v4/projects/1/repository/commits", `{"branch":"a","commit_message":"m","actions":[{"action":"update","file_path":"a","content":"x"}]}`, 201, `{"id":"1"}`, ""},
		"an unknown action":       {"POST", "/api/v4/projects/1/repository/commits", `{"branch":"a","commit_message":"m","actions":[{"action":"replace","file_path":"a"}]}`, 400, `{}`, "action"},
		"an unknown field of one": {"POST", "/api/v4/projects/1/repository/commits", `{"branch":"a","commit_message":"m","actions":[{"action":"update","file_path":"a","text":"x"}]}`, 201, `{"id":"1"}`, "unknown field .actions[0].text"},
		"not under /api/":         {"GET", "/v4/version", "", 404, "", "not under /api/"},
		"GraphQL":                 {"POST", "/api/graphql", `{"query":"{currentUser{username}}"}`, 200, `{"data":{"currentUser":{"username":"ann"}}}`, ""},
		"an unknown GraphQL one":  {"POST", "/api/graphql", `{"query":"{currentUser{login}}"}`, 200, `{"errors":[{"message":"no"}]}`, "Cannot query field"},
		"GraphQL's other answer":  {"POST", "/api/graphql", `{"query":"{currentUser{username}}"}`, 200, `{"data":{"currentUser":{"username":7}}}`, "is no String"},
		"GraphQL refused":         {"POST", "/api/graphql", `{"query":"{currentUser{username}}"}`, 429, "Retry later\n", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			watch := &recorder{TB: t}
			h := spectest.WrapGitLab(watch, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.answer)
			}))
			w := httptest.NewRecorder()
			r := httptest.NewRequest(tt.method, "http://sandbox"+tt.target, strings.NewReader(tt.body))
			if tt.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			h.ServeHTTP(w, r)
			assert.Equal(t, tt.status, w.Code, "the answer goes on to the client")
			if tt.want == "" {
				assert.Empty(t, watch.failures)
				return
			}
			assert.Contains(t, strings.Join(watch.failures, "\n"), tt.want)
		})
	}
}
