package action_test

import (
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/action"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
)

// TestBasesArePinned: what the image is built from is known to the byte, and
// the project's own workflow moves it on.
func TestBasesArePinned(t *testing.T) {
	dockerfile, err := os.ReadFile("../../Dockerfile")
	require.NoError(t, err)
	bases := regexp.MustCompile(`(?m)^ARG \w+_IMAGE=.*$`).FindAllString(string(dockerfile), -1)
	require.Len(t, bases, 2)
	for _, base := range bases {
		assert.Regexp(t, `=docker\.io/library/[a-z]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}$`, base)
	}
	own, err := os.ReadFile("../../.basekeeper.yaml")
	require.NoError(t, err)
	c, err := config.Parse(".basekeeper.yaml", own)
	require.NoError(t, err)
	ref, err := image.ParseReference("debian:12-slim")
	require.NoError(t, err)
	assert.True(t, c.Policy(ref).Pin)
}

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
