package spectest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// everywhere are the statuses that any request may be answered with, though
// few descriptions say so.
var everywhere = map[int]bool{
	http.StatusBadRequest: true, http.StatusUnauthorized: true, http.StatusForbidden: true, http.StatusNotFound: true,
	http.StatusUnprocessableEntity: true, http.StatusTooManyRequests: true, http.StatusInternalServerError: true,
	http.StatusBadGateway: true, http.StatusServiceUnavailable: true, http.StatusGatewayTimeout: true,
}

func (s spec) checkREST(r *http.Request, body []byte, answer *httptest.ResponseRecorder) []string {
	route, parameters, err := s.router.FindRoute(r)
	if err != nil {
		return problemf("GitHub's description does not know it: %v", err)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
			RejectWhenRequestBodyNotSpecified: true, SkipSettingDefaults: true,
		},
	}
	var problems []string
	if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
		problems = append(problems, "request: "+firstLine(err))
	}
	problems = append(problems, unknownParameters(r, route)...)
	problems = append(problems, unknownInRequest(route, body)...)
	return append(problems, checkAnswer(input, answer)...)
}

// firstLine leaves out the schema and value that kin-openapi adds.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\nSchema:")
	return line
}

func unknownParameters(r *http.Request, route *routers.Route) []string {
	known := map[string]bool{}
	for _, list := range []openapi3.Parameters{route.Operation.Parameters, route.PathItem.Parameters} {
		for _, p := range list {
			known[p.Value.Name] = p.Value.In == openapi3.ParameterInQuery
		}
	}
	var problems []string
	for name := range r.URL.Query() {
		if !known[name] && !known[strings.TrimSuffix(name, "[]")] {
			problems = append(problems, fmt.Sprintf("request: unknown parameter %q", name))
		}
	}
	return problems
}

func unknownInRequest(route *routers.Route, body []byte) []string {
	if len(bytes.TrimSpace(body)) == 0 || route.Operation.RequestBody == nil {
		return nil
	}
	media := route.Operation.RequestBody.Value.Content.Get("application/json")
	if media == nil {
		return nil
	}
	return unknownInJSON("request", media.Schema, body)
}

func unknownInJSON(what string, schema *openapi3.SchemaRef, body []byte) []string {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return problemf("%s: %v", what, err)
	}
	var problems []string
	for _, field := range unknownFields(schema, value, "") {
		problems = append(problems, fmt.Sprintf("%s: unknown field %s", what, field))
	}
	return problems
}

// checkAnswer checks status, body and fields of an answer.
func checkAnswer(input *openapi3filter.RequestValidationInput, answer *httptest.ResponseRecorder) []string {
	body := answer.Body.Bytes()
	response := input.Route.Operation.Responses.Status(answer.Code)
	switch {
	case answer.Code == http.StatusNotModified:
		return nil
	case response == nil && everywhere[answer.Code]:
		return checkRefusal(body)
	case strings.Contains(input.Request.Header.Get("Accept"), "raw") && answer.Code == http.StatusOK:
		return nil // it is the file, not a description of it
	}
	err := openapi3filter.ValidateResponse(input.Request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: answer.Code, Header: answer.Header(),
		Body: io.NopCloser(bytes.NewReader(body)), Options: input.Options,
	})
	if err != nil {
		return problemf("answer %d: %s", answer.Code, firstLine(err))
	}
	if answer.Code >= http.StatusBadRequest {
		return nil // errors have a status in their body as well, which only some descriptions know
	}
	if media := response.Value.Content.Get("application/json"); media != nil && len(body) > 0 {
		return unknownInJSON(fmt.Sprintf("answer %d", answer.Code), media.Schema, body)
	}
	if len(bytes.TrimSpace(body)) > 0 && len(response.Value.Content) == 0 {
		return problemf("answer %d: a body where there is none", answer.Code)
	}
	return nil
}

// checkRefusal checks an error that the description of the operation leaves
// out: GitHub always says a message.
func checkRefusal(body []byte) []string {
	var refusal struct{ Message string }
	if err := json.Unmarshal(body, &refusal); err != nil || refusal.Message == "" {
		return problemf("answer: an error without a message: %q", body)
	}
	return nil
}
