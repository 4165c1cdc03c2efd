package config

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

// schemaID is where the schema is published.
const schemaID = "https://raw.githubusercontent.com/basekeeper/basekeeper/main/docs/basekeeper.schema.json"

// Schema returns the JSON Schema of a configuration file, made from the table
// of keys that [Parse] reads by. What a schema cannot say (durations beyond
// ten years, globs that leave the repository, aliases) only Parse refuses.
//
// Spec: JSON Schema draft 2020-12.
func Schema() []byte {
	s := rootObject.schema()
	s.Version = jsonschema.Version
	s.ID = schemaID
	s.Title = "basekeeper configuration"
	s.Description = "Configuration of basekeeper: .basekeeper.yaml, .github/basekeeper.yaml or .gitlab/basekeeper.yaml."
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("config: " + err.Error()) // a value of our own that JSON has no word for
	}
	return append(out, '\n')
}

// schema describes the mapping.
func (o object[T]) schema(required ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{
		Type:                 "object",
		Properties:           jsonschema.NewProperties(),
		AdditionalProperties: jsonschema.FalseSchema,
		Required:             required,
		DependentRequired:    o.needs,
	}
	for _, f := range o.fields {
		described := *f.schema
		described.Description = f.doc
		s.Properties.Set(f.name, &described)
	}
	return s
}

func listSchema(item *jsonschema.Schema) *jsonschema.Schema {
	return nullable("array", &jsonschema.Schema{Items: item})
}

// nullable lets a key stand without a value, as when all that was under it is
// commented out.
func nullable(kind string, s *jsonschema.Schema) *jsonschema.Schema {
	s.Type = ""
	s.Extras = map[string]any{"type": []string{kind, "null"}}
	return s
}

func oneOf(words ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range words {
		s.Enum = append(s.Enum, w)
	}
	return s
}
