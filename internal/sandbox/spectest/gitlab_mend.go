package spectest

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

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
	// A project may be named by its path everywhere.
	for path, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, p := range operation.Parameters {
				if strings.Contains(path, "/projects/{id}") && p.Value.In == "path" && p.Value.Name == "id" {
					p.Value.Schema = openapi3.NewStringSchema().NewRef()
				}
			}
		}
	}
	// Of a signature, how it was found is told beside what it is.
	signature := schemas["API_Entities_CommitSignature"].Value
	for _, name := range []string{"verification_status", "commit_source", "key"} {
		if signature.Properties[name] == nil {
			signature.Properties[name] = openapi3.NewStringSchema().NewRef()
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
