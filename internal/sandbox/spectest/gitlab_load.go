package spectest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

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

// mendGitLab puts right what GitLab's description gets wrong, by GitLab's
// documentation.
func mendGitLab(doc *openapi3.T) {
	schemas := doc.Components.Schemas
	// An action needs its kind and its path; a move its path before, a chmod its
	// mode. The generator says that all need all.
	action := schemas["postApiV4ProjectsIdRepositoryCommits"].Value.Properties["actions"].Value.Items.Value
	action.Required = []string{"action", "file_path"}
	// Labels are names with commas between, or a list of names.
	for _, body := range []string{"postApiV4ProjectsIdMergeRequests", "putApiV4ProjectsIdMergeRequestsMergeRequestIid"} {
		for _, name := range []string{"labels", "add_labels", "remove_labels"} {
			text := openapi3.NewStringSchema().NewRef()
			list := openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema()).NewRef()
			schemas[body].Value.Properties[name] = (&openapi3.Schema{OneOf: openapi3.SchemaRefs{text, list}}).NewRef()
		}
	}
	// A branch's name is no number.
	for _, p := range doc.Paths.Value("/api/v4/projects/{id}/repository/branches/{branch}").Get.Parameters {
		if p.Value.Name == "branch" {
			p.Value.Schema = openapi3.NewStringSchema().NewRef()
		}
	}
	// Keyset pagination is told by a parameter, which only some lists have.
	projects := doc.Paths.Value("/api/v4/projects").Get
	pagination := openapi3.NewQueryParameter("pagination").WithSchema(openapi3.NewStringSchema().WithEnum("keyset", "legacy"))
	projects.Parameters = append(projects.Parameters, &openapi3.ParameterRef{Value: pagination})
	// Users see projects whole in a list, and what they may do there.
	whole := schemas["API_Entities_ProjectWithAccess"]
	for _, path := range []string{"/api/v4/projects", "/api/v4/groups/{id}/projects"} {
		response := doc.Paths.Value(path).Get.Responses.Value("200").Value
		list := openapi3.NewArraySchema()
		list.Items = openapi3.NewSchemaRef("", whole.Value)
		response.Content = openapi3.NewContentWithJSONSchema(list)
	}
	// Variables are an array of keys and values; the generator forgot the keys.
	pipeline := schemas["postApiV4ProjectsIdPipeline"].Value
	pipeline.Required = slices.DeleteFunc(pipeline.Required, func(name string) bool { return name != "ref" })
}
