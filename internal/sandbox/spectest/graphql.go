package spectest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// checkGraphQL checks document, variables, and the shape of the answer.
func (s spec) checkGraphQL(method string, body []byte, answer *httptest.ResponseRecorder) []string {
	if method != http.MethodPost {
		return problemf("GraphQL is asked by POST")
	}
	var request map[string]any
	if err := json.Unmarshal(body, &request); err != nil {
		return problemf("request: %v", err)
	}
	for key := range request {
		if key != "query" && key != "variables" && key != "operationName" {
			return problemf("request: unknown field %q", key)
		}
	}
	text, _ := request["query"].(string)
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return problemf("query: %v", err)
	}
	if problems := validator.ValidateWithRules(s.schema, doc, rules.NewDefaultRules()); len(problems) > 0 {
		return problemf("query: %v", problems)
	}
	name, _ := request["operationName"].(string)
	operation := doc.Operations.ForName(name)
	if operation == nil {
		return problemf("query: no operation named %q", name)
	}
	given, _ := request["variables"].(map[string]any)
	variables, err := validator.VariableValues(s.schema, operation, given)
	if err != nil {
		return problemf("variables: %v", err)
	}
	for name := range given {
		if operation.VariableDefinitions.ForName(name) == nil {
			return problemf("variables: unknown variable %q", name)
		}
	}
	return s.checkData(operation, variables, answer)
}

// checkData checks a GraphQL answer.
//
// Spec: GraphQL, "Response Format".
func (s spec) checkData(operation *ast.OperationDefinition, variables map[string]any, answer *httptest.ResponseRecorder) []string {
	if answer.Code != http.StatusOK {
		return s.refused(answer.Body.Bytes())
	}
	var out struct {
		Data   map[string]any   `json:"data"`
		Errors []map[string]any `json:"errors"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &out); err != nil {
		return problemf("answer %d: %v", answer.Code, err)
	}
	for _, e := range out.Errors {
		if message, _ := e["message"].(string); message == "" {
			return problemf("answer: an error without a message: %v", e)
		}
	}
	if out.Data == nil {
		if len(out.Errors) == 0 {
			return problemf("answer: neither data nor errors")
		}
		return nil
	}
	root := s.schema.Query
	if operation.Operation == ast.Mutation {
		root = s.schema.Mutation
	}
	w := &walk{schema: s.schema, variables: variables}
	w.object(root, []ast.SelectionSet{operation.SelectionSet}, out.Data, "data")
	return w.problems
}

// walk compares an answer with what was asked for.
type walk struct {
	schema    *ast.Schema
	variables map[string]any
	problems  []string
}

func (w *walk) problemf(format string, a ...any) {
	w.problems = append(w.problems, fmt.Sprintf("answer: "+format, a...))
}
