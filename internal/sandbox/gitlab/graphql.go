package gitlab

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

// maxQuery is how many characters a document may have.
const maxQuery = 10_000

// schemaText is the part of GitLab's GraphQL schema that the server knows.
//
//go:embed schema.graphql
var schemaText string

// Schema is the part of GitLab's GraphQL schema that the server answers, with
// what the fields cost in directives of its own.
func Schema() string { return schemaText }

// loadSchema reads the schema, without the fields named Type.field.
func loadSchema(without []string) *ast.Schema {
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})
	for _, name := range without {
		kind, field, _ := strings.Cut(name, ".")
		if def := schema.Types[kind]; def != nil {
			def.Fields = slices.DeleteFunc(def.Fields, func(f *ast.FieldDefinition) bool { return f.Name == field })
		}
	}
	return schema
}

// graphqlError is an entry of a GraphQL answer's errors.
type graphqlError struct {
	Message    string           `json:"message"`
	Locations  []map[string]int `json:"locations,omitempty"`
	Path       []any            `json:"path,omitempty"`
	Extensions jsonObject       `json:"extensions,omitempty"`
}

// graphql answers POST /api/graphql.
func (c *call) graphql() {
	if c.request.Method != http.MethodPost {
		c.fail(&apiError{Status: http.StatusNotFound, Text: "Not Found\n"})
		return
	}
	if c.token != nil && (c.token.Kind == JobToken || !c.token.has("api", "read_api")) {
		c.refuseGraphQL(http.StatusUnauthorized, "Invalid token")
		return
	}
	var request struct {
		Query         string
		OperationName string
		Variables     map[string]any
	}
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.UseNumber()
	if err := decoder.Decode(&request); err != nil {
		c.refuseGraphQL(http.StatusUnprocessableEntity, "Unexpected JSON: "+err.Error())
		return
	}
	c.logged.Operations = []string{"query"}
	c.logged.Write = false
	if utf8.RuneCountInString(request.Query) > maxQuery {
		c.refuseGraphQL(http.StatusUnprocessableEntity, "Query too large")
		return
	}
	doc, problems := gqlparser.LoadQuery(c.schema, request.Query) //nolint:staticcheck // its default rules are GitLab's
	if len(problems) > 0 {
		c.json(http.StatusOK, jsonObject{"errors": translated(problems)})
		return
	}
	operation := doc.Operations.ForName(request.OperationName)
	if operation == nil {
		c.refuseGraphQL(http.StatusOK, "An operation name is required")
		return
	}
	variables, err := validator.VariableValues(c.schema, operation, request.Variables)
	if err != nil {
		c.refuseGraphQL(http.StatusOK, err.Error())
		return
	}
	c.run(&query{call: c, variables: variables}, operation)
}

// run answers an operation that is not too much.
func (c *call) run(q *query, operation *ast.OperationDefinition) {
	score, depth := q.measure(operation.SelectionSet, "Query")
	limit, deepest := 250, 20
	if c.token == nil {
		limit, deepest = 200, 15
	}
	q.score, q.limit = score, limit
	c.logged.Complexity = score
	switch {
	case score > limit:
		c.refuseGraphQL(http.StatusOK, fmt.Sprintf("Query has complexity of %d, which exceeds max complexity of %d", score, limit))
		return
	case depth > deepest:
		c.refuseGraphQL(http.StatusOK, fmt.Sprintf("Query has depth of %d, which exceeds max depth of %d", depth, deepest))
		return
	}
	data, err := q.object("Query", nil, operation.SelectionSet, nil)
	if err != nil {
		data = nil
	}
	c.graphqlAnswer(data, q.errors)
}

func (c *call) refuseGraphQL(status int, message string) {
	c.json(status, jsonObject{"errors": []graphqlError{{Message: message}}})
}

// graphqlAnswer is the answer of what was run; data is nil where it cannot be
// without what must not be null.
func (c *call) graphqlAnswer(data map[string]any, problems []graphqlError) {
	body := jsonObject{"data": data}
	if len(problems) > 0 {
		body["errors"] = problems
	}
	c.json(http.StatusOK, body)
}

// translated says in GitLab's words what is wrong with a document.
func translated(problems gqlerror.List) []graphqlError {
	var found []graphqlError
	for _, p := range problems {
		e := graphqlError{Message: p.Message}
		for _, l := range p.Locations {
			e.Locations = append(e.Locations, map[string]int{"line": l.Line, "column": l.Column})
		}
		var field, kind string
		if n, _ := fmt.Sscanf(strings.ReplaceAll(p.Message, `"`, " "), "Cannot query field %s on type %s", &field, &kind); n == 2 {
			e.Message = fmt.Sprintf("Field '%s' doesn't exist on type '%s'", field, kind)
			e.Extensions = jsonObject{"code": "undefinedField", "typeName": kind, "fieldName": field}
		}
		found = append(found, e)
	}
	return found
}
