package action_test

import (
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/action"
)

// TestDefinition holds action.yml, and its documentation, to the inputs that
// are read.
func TestDefinition(t *testing.T) {
	content, err := os.ReadFile("../../action.yml")
	require.NoError(t, err)
	var definition struct {
		Name, Description, Author string
		Inputs                    map[string]struct {
			Description string
			Default     string
			Required    bool
		}
		Outputs  map[string]struct{ Description string }
		Branding struct{ Icon, Color string }
		Runs     struct {
			Using, Image string
			Args         []string
		}
	}
	require.NoError(t, yaml.UnmarshalWithOptions(content, &definition, yaml.Strict()), "each key once, and only known ones")

	asked := map[string]bool{}
	in, err := action.New(func(name string) string {
		if input, ok := strings.CutPrefix(name, "INPUT_"); ok {
			asked[strings.ToLower(input)] = true
			if value := definition.Inputs[strings.ToLower(input)].Default; !strings.HasPrefix(value, "${{") {
				return value
			}
		}
		return ""
	}, io.Discard).Inputs()
	require.NoError(t, err, "the defaults are right")
	assert.Equal(t, slices.Sorted(maps.Keys(asked)), slices.Sorted(maps.Keys(definition.Inputs)))
	without, err := action.New(func(string) string { return "" }, io.Discard).Inputs()
	require.NoError(t, err)
	assert.Equal(t, without, in, "the defaults of action.yml are those of the program")

	doc, err := os.ReadFile("../../docs/action.md")
	require.NoError(t, err)
	for name, input := range definition.Inputs {
		assert.NotEmpty(t, input.Description, name)
		assert.False(t, input.Required, name)
		assert.Regexp(t, "(?m)^\\|[^|]*`"+name+"`", string(doc))
	}
	for name, output := range definition.Outputs {
		assert.NotEmpty(t, output.Description, name)
		assert.Contains(t, string(doc), "\n| `"+name+"` |")
	}
	assert.Equal(t, "docker", definition.Runs.Using)
	assert.Equal(t, "Dockerfile", definition.Runs.Image, "releases put the published image there")
	assert.Equal(t, []string{"action"}, definition.Runs.Args)
	assert.NotEmpty(t, definition.Branding.Icon+definition.Branding.Color)
}
