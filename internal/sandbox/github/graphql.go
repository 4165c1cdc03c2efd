package github

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// maxTokens is how many words a GraphQL document may have.
const maxTokens = 200_000

// graphqlError is an entry of a GraphQL answer's errors.
type graphqlError struct {
	Type      string           `json:"type,omitempty"`
	Path      []any            `json:"path,omitempty"`
	Locations []map[string]int `json:"locations,omitempty"`
	Message   string           `json:"message"`
}

// document is a GraphQL request taken apart.
type document struct {
	operation *ast.OperationDefinition
	fragments ast.FragmentDefinitionList
	variables map[string]any
}

// graphql answers POST /graphql.
func (c *call) graphql() {
	if c.token == nil || c.token.isApp() {
		c.fail(&apiError{Status: http.StatusUnauthorized, Message: "This endpoint requires you to be authenticated."})
		return
	}
	if c.request.Method != http.MethodPost {
		c.fail(notFound())
		return
	}
	doc, err := parseDocument(c.body)
	if err != nil {
		c.logged.Write = false
		c.graphqlAnswer(nil, []graphqlError{{Message: err.Error()}})
		return
	}
	c.logged.Operations = doc.names()
	c.logged.Write = doc.operation.Operation == ast.Mutation
	q := &query{call: c, document: doc}
	size, refused := q.measure(doc.operation.SelectionSet)
	if refused != nil {
		c.graphqlAnswer(nil, []graphqlError{*refused})
		return
	}
	q.size = size
	if c.limited(q) {
		return
	}
	data := q.run()
	if q.unknown {
		data = nil // what GitHub finds wrong before it does anything
	}
	c.graphqlAnswer(data, q.errors)
}

// limited takes the query's points and refuses it where a limit says so.
func (c *call) limited(q *query) bool {
	b := c.budget(c.token, graphqlResource)
	took := b.take(q.size.cost())
	b.headers(c.header, graphqlResource)
	if !took {
		e := exceeded(c.token)
		c.graphqlAnswer(nil, []graphqlError{{Type: e.Kind, Message: e.Message}})
		return true
	}
	if !c.logged.Write {
		return false
	}
	refusal := c.refuse()
	if refusal == nil {
		return false
	}
	if refusal.TooQuickly {
		q.tooQuickly = true
		return false
	}
	c.fail(refusal.error())
	return true
}

func (c *call) graphqlAnswer(data any, problems []graphqlError) {
	body := map[string]any{}
	if data != nil {
		body["data"] = data
	}
	if len(problems) > 0 {
		body["errors"] = problems
	}
	c.json(http.StatusOK, body)
}

func parseDocument(body []byte) (*document, error) {
	var request struct {
		Query         string
		OperationName string
		Variables     map[string]any
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&request); err != nil {
		return nil, fmt.Errorf("problems parsing JSON: %w", err)
	}
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: request.Query}, maxTokens)
	if err != nil {
		return nil, fmt.Errorf("parse query: %w", err)
	}
	operation := parsed.Operations.ForName(request.OperationName)
	if operation == nil {
		return nil, fmt.Errorf("no operation named %q", request.OperationName)
	}
	variables := request.Variables
	if variables == nil {
		variables = map[string]any{}
	}
	for _, v := range operation.VariableDefinitions {
		if _, given := variables[v.Variable]; !given && v.DefaultValue != nil {
			if variables[v.Variable], err = v.DefaultValue.Value(nil); err != nil {
				return nil, fmt.Errorf("variable %s: %w", v.Variable, err)
			}
		}
	}
	return &document{operation: operation, fragments: parsed.Fragments, variables: variables}, nil
}

// names are what is asked for: the mutations in order, or "query".
func (d *document) names() []string {
	if d.operation.Operation != ast.Mutation {
		return []string{string(d.operation.Operation)}
	}
	var names []string
	for _, s := range d.operation.SelectionSet {
		if f, ok := s.(*ast.Field); ok {
			names = append(names, f.Name)
		}
	}
	return names
}

func location(f *ast.Field) []map[string]int {
	if f.Position == nil {
		return nil
	}
	return []map[string]int{{"line": f.Position.Line, "column": f.Position.Column}}
}
