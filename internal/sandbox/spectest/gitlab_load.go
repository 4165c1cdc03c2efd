package spectest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

func loadGitLab() (spec, error) {
	dir, err := specsDir()
	if err != nil {
		return spec{}, err
	}
	doc, err := gitlabDescription(dir)
	if err != nil {
		return spec{}, fmt.Errorf("load description: %w", err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return spec{}, fmt.Errorf("read paths: %w", err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: sandbox.Schema()})
	if err != nil {
		return spec{}, fmt.Errorf("load schema: %w", err)
	}
	// Refusals before GraphQL are texts, or lists of errors without a message of
	// their own.
	return spec{router: router, schema: schema, refused: func([]byte) []string { return nil }}, nil
}

// gitlabDescription is GitLab's own with the supplement, and mended.
func gitlabDescription(dir string) (*openapi3.T, error) {
	text, err := os.ReadFile(filepath.Join(dir, "gitlab.swagger.json"))
	if err != nil {
		return nil, err
	}
	var old openapi2.T
	if err := json.Unmarshal(text, &old); err != nil {
		return nil, err
	}
	doc, err := openapi2conv.ToV3(&old)
	if err != nil {
		return nil, err
	}
	more, err := openapi3.NewLoader().LoadFromFile(filepath.Join(dir, "gitlab.supplement.yaml"))
	if err != nil {
		return nil, err
	}
	for path, item := range more.Paths.Map() {
		if doc.Paths.Value(path) != nil {
			return nil, fmt.Errorf("path %s: it is in the description, too", path)
		}
		doc.Paths.Set(path, item)
	}
	for name, schema := range more.Components.Schemas {
		doc.Components.Schemas["supplement_"+name] = schema
	}
	doc.Servers = openapi3.Servers{{URL: "/"}}
	mendGitLab(doc)
	return doc, nil
}
