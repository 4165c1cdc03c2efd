package pipeline_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/pipeline"
)

// TestTemplateDocumentation: the page of the component says what there is.
func TestTemplateDocumentation(t *testing.T) {
	content, err := os.ReadFile("../../docs/component.md")
	require.NoError(t, err)
	doc := string(content)
	inputs, _ := readTemplate(t)
	for name, in := range inputs {
		row := fmt.Sprintf("\n| `%s` | ", name)
		if in.Default != "" && name != "image" {
			row += fmt.Sprintf("`%v` |", in.Default)
		}
		assert.Contains(t, doc, row)
	}
	for _, name := range pipeline.SecretVariables() {
		assert.Contains(t, doc, "`"+name+"`")
	}
	outputs, err := os.ReadFile("testdata/outputs.golden")
	require.NoError(t, err)
	for line := range strings.Lines(string(outputs)) {
		name, _, _ := strings.Cut(line, "=")
		assert.Contains(t, doc, "\n| `"+name+"` |")
	}
	blocks := regexp.MustCompile(`component: .*\n    inputs:\n((?:      .*\n)+)`).FindAllStringSubmatch(doc, -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		for line := range strings.Lines(block[1]) {
			name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
			assert.Contains(t, inputs, name, "in an example")
		}
	}
}

// TestOwnPipeline holds the pipeline of mirrors to the component.
func TestOwnPipeline(t *testing.T) {
	content, err := os.ReadFile("../../.gitlab-ci.yml")
	require.NoError(t, err)
	var own struct {
		Stages  []string
		Include []struct {
			Local  string
			Inputs map[string]any
		}
		Rest map[string]any `yaml:",inline"`
	}
	require.NoError(t, yaml.Unmarshal(content, &own))
	require.Len(t, own.Include, 1)
	assert.FileExists(t, "../../"+own.Include[0].Local)
	inputs, _ := readTemplate(t)
	for name, value := range own.Include[0].Inputs {
		assert.IsType(t, inputs[name].Default, value, name)
	}
	name, j := interpolated(t, own.Include[0].Inputs)
	assert.Contains(t, own.Rest, name, "what the pipeline adds to the job")
	assert.Contains(t, own.Stages, j.Stage)
}

// TestReleasedImage: the release workflow finds the line to put the digest in.
func TestReleasedImage(t *testing.T) {
	workflow, err := os.ReadFile("../../.github/workflows/release.yml")
	require.NoError(t, err)
	line := regexp.MustCompile(`sed -i "s\|(\^ .*?)\|.*templates/basekeeper\.yml`).FindSubmatch(workflow)
	require.NotNil(t, line)
	content, err := os.ReadFile(templateFile)
	require.NoError(t, err)
	if !strings.Contains(string(content), "ghcr.io/basekeeper/basekeeper@sha256:") { // a released version's
		assert.Len(t, regexp.MustCompile("(?m)"+string(line[1])+"$").FindAll(content, -1), 1)
	}
}
