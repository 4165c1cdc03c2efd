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
		status         int
		answer         string
		want           string // part of the one failure; empty for none
	}{
		"a list":                  {"GET", list + "?page=1&per_page=100", 200, `[{"id":1,"path":"g/p"}]`, ""},
		"a tag is deleted":        {"DELETE", list + "/7/tags/v1.0", 200, "", ""},
		"refusal":                 {"DELETE", list + "/7/tags/v1.0", 403, `{"message":"403 Forbidden"}`, ""},
		"unknown path":            {"GET", list + "/7/labels", 200, "[]", "does not know it"},
		"unknown method":          {"PUT", list, 200, "[]", "does not know it"},
		"unknown parameter":       {"GET", list + "?limit=7", 200, "[]", `unknown parameter "limit"`},
		"wrong parameter":         {"GET", list + "?page=first", 200, "[]", "page"},
		"an id that is no number": {"DELETE", list + "/seven/tags/v1", 200, "", "repository_id"},
		"unknown field":           {"GET", list, 200, `[{"id":1,"digest":"x"}]`, "unknown field [0].digest"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			watch := &recorder{TB: t}
			h := spectest.WrapGitLab(watch, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.answer)
			}))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(tt.method, "http://sandbox"+tt.target, http.NoBody))
			assert.Equal(t, tt.status, w.Code, "the answer goes on to the client")
			if tt.want == "" {
				assert.Empty(t, watch.failures)
				return
			}
			assert.Contains(t, strings.Join(watch.failures, "\n"), tt.want)
		})
	}
}
