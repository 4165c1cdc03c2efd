package spectest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// gitlab is loaded once for all tests of a package.
var gitlab = sync.OnceValues(loadGitLab)

func loadGitLab() (routers.Router, error) {
	dir, err := specsDir()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "gitlab.swagger.json"))
	if err != nil {
		return nil, fmt.Errorf("load description: %w", err)
	}
	var old openapi2.T
	if err := json.Unmarshal(text, &old); err != nil {
		return nil, fmt.Errorf("load description: %w", err)
	}
	doc, err := openapi2conv.ToV3(&old)
	if err != nil {
		return nil, fmt.Errorf("load description: %w", err)
	}
	doc.Servers = openapi3.Servers{{URL: "/"}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("read paths: %w", err)
	}
	return router, nil
}

// WrapGitLab returns h with every request held against GitLab's description of
// its REST API, as [Wrap] does for GitHub. Of an answer, only that it has no
// unknown fields is checked: the statuses of the description are its
// generator's, not GitLab's.
func WrapGitLab(t testing.TB, h http.Handler) http.Handler {
	t.Helper()
	router, err := gitlab()
	if err != nil {
		t.Fatalf("spectest: %v", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("spectest: %s %s: read body: %v", r.Method, r.URL.Path, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		for _, problem := range checkGitLab(router, r, body, answer) {
			t.Errorf("spectest: %s %s: %s", r.Method, r.URL.RequestURI(), problem)
		}
		for key, values := range answer.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // the client may be gone
	})
}

// checkGitLab returns what is wrong with a request, and with the fields of its
// answer.
func checkGitLab(router routers.Router, r *http.Request, body []byte, answer *httptest.ResponseRecorder) []string {
	bare := r.Clone(r.Context())
	bare.Body = io.NopCloser(bytes.NewReader(body))
	// A path in an identifier is one part, escaped, which the router would not see.
	bare.URL.Path, bare.URL.RawPath = strings.ReplaceAll(r.URL.EscapedPath(), "%2F", "~"), ""
	route, parameters, err := router.FindRoute(bare)
	if err != nil {
		return problemf("GitLab's description does not know it: %v", err)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: bare, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true,
			RejectWhenRequestBodyNotSpecified: true,
		},
	}
	var problems []string
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		problems = append(problems, "request: "+firstLine(err))
	}
	problems = append(problems, unknownParameters(bare, route)...)
	problems = append(problems, unknownInRequest(route, body)...)
	if answer.Code >= 300 || answer.Body.Len() == 0 {
		return problems
	}
	for status, response := range route.Operation.Responses.Map() {
		media := response.Value.Content.Get("application/json")
		if strings.HasPrefix(status, "2") && media != nil {
			problems = append(problems, unknownInJSON(fmt.Sprintf("answer %d", answer.Code), media.Schema, answer.Body.Bytes())...)
		}
	}
	return problems
}
