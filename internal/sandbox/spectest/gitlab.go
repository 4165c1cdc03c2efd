package spectest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// gitlab is loaded once for all tests of a package.
var gitlab = sync.OnceValues(loadGitLab)

// WrapGitLab returns h with every request held against GitLab's description of
// its REST API, and against the supplement of what that lacks, as [Wrap] does
// for GitHub; GraphQL is held against the part of GitLab's schema that the
// sandbox has. Of REST's answers, only that they have no unknown fields is
// checked: the statuses of the description are its generator's, not GitLab's.
//
// Paths may be under the root of a relative URL installation.
func WrapGitLab(t testing.TB, h http.Handler) http.Handler {
	t.Helper()
	s, err := gitlab()
	if err != nil {
		t.Fatalf("spectest: %v", err)
	}
	return hold(t, h, s.checkGitLab)
}

// checkGitLab returns what is wrong with a request and its answer.
func (s spec) checkGitLab(r *http.Request, body []byte, answer *httptest.ResponseRecorder) []string {
	_, path, ok := strings.Cut(r.URL.EscapedPath(), "/api/")
	switch {
	case !ok:
		return problemf("it is not under /api/")
	case path == "graphql":
		return s.checkGraphQL(r.Method, body, answer)
	}
	bare := r.Clone(r.Context())
	bare.Body = io.NopCloser(bytes.NewReader(body))
	// A path in an identifier is one part, escaped, which the router would not see.
	bare.URL.Path, bare.URL.RawPath = strings.ReplaceAll("/api/"+path, "%2F", "~"), ""
	route, parameters, err := s.router.FindRoute(bare)
	if err != nil {
		return problemf("GitLab's description does not know it: %v", err)
	}
	return checkGitLabRoute(bare, route, parameters, body, answer)
}

// checkGitLabRoute returns what is wrong by the description of one operation.
func checkGitLabRoute(r *http.Request, route *routers.Route, parameters map[string]string, body []byte, answer *httptest.ResponseRecorder) []string {
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true,
			RejectWhenRequestBodyNotSpecified: true,
		},
	}
	var problems []string
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		problems = append(problems, "request: "+firstLine(err))
	}
	problems = append(problems, unknownParameters(r, route)...)
	if kind := r.Header.Get("Content-Type"); kind == "" || strings.HasPrefix(kind, "application/json") {
		problems = append(problems, unknownInRequest(route, body)...)
	}
	if answer.Code >= 300 || answer.Body.Len() == 0 || !strings.HasPrefix(answer.Header().Get("Content-Type"), "application/json") && answer.Header().Get("Content-Type") != "" {
		return problems
	}
	for status, response := range route.Operation.Responses.Map() {
		media := response.Value.Content.Get("application/json")
		if strings.HasPrefix(status, "2") && media != nil && !acceptedOnly(route, answer.Code) {
			problems = append(problems, unknownInJSON(fmt.Sprintf("answer %d", answer.Code), listed(media.Schema, answer.Body.Bytes()), answer.Body.Bytes())...)
		}
	}
	return problems
}

// listed is the schema of an answer that is a list of what the description says
// is one.
func listed(schema *openapi3.SchemaRef, body []byte) *openapi3.SchemaRef {
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) || schema.Value.Type.Is("array") {
		return schema
	}
	list := openapi3.NewArraySchema()
	list.Items = schema
	return list.NewRef()
}

// acceptedOnly reports whether an answer is no thing of the operation's: a note
// that was nothing but quick actions.
func acceptedOnly(route *routers.Route, code int) bool {
	return code == http.StatusAccepted && strings.HasSuffix(route.Path, "/notes")
}
