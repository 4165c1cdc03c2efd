package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
)

func TestSchemaIsCurrent(t *testing.T) {
	golden(t, "../../docs/basekeeper.schema.json", config.Schema())
}

// beyondSchema are the mistakes that a schema cannot see in the values.
var beyondSchema = map[string]string{
	"two-documents.yaml": "the values of the first document are good",
	"duplicates.yaml":    "the first of two keys is taken before the schema sees them",
	"not-utf8.yaml":      "the values are good once the bytes are text",
	"control.yaml":       "the character is in a comment",
	"laughs.yaml":        "the values are good, only far too many",

	"schedule-empty.yaml": "it compares two values",
	"schedule-zone.yaml":  "it does not have the database of time zones",
	"template.yaml":       "it does not know the language of templates",
}

func TestSchemaAgreesWithParse(t *testing.T) {
	schema := compileSchema(t)
	for _, dir := range []string{"valid", "errors"} {
		for _, file := range examples(t, dir) {
			t.Run(filepath.Base(file), func(t *testing.T) {
				if beyondSchema[filepath.Base(file)] != "" {
					return
				}
				src, err := os.ReadFile(file)
				require.NoError(t, err)
				var v any
				if err := yaml.UnmarshalWithOptions(src, &v, yaml.AllowDuplicateMapKey()); err != nil {
					return // there are no values to validate
				}
				assert.Equal(t, dir == "valid", schema.Validate(jsonValue(t, v)) == nil)
			})
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("schema.json", doc))
	schema, err := c.Compile("schema.json")
	require.NoError(t, err)
	return schema
}

// jsonValue brings v to the types that JSON has.
func jsonValue(t *testing.T, v any) any {
	t.Helper()
	out, err := json.Marshal(v)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
	require.NoError(t, err)
	return doc
}
