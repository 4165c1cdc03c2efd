package pipeline_test

import (
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/pipeline"
)

// input is what GitLab takes below spec:inputs.
//
// Spec: "spec:inputs" of GitLab's CI/CD YAML reference.
type input struct {
	Type        string
	Description string
	Default     any
	Options     []any
	Regex       string
}

// templateJob is a job of the template, with the keywords that it uses and what
// GitLab takes as their values.
//
// Spec: "Job keywords" of GitLab's CI/CD YAML reference.
type templateJob struct {
	Stage string
	Image struct {
		Name       string
		Entrypoint []string
	}
	Needs         []string
	Variables     map[string]any
	Script        []string
	Rules         []rule
	ResourceGroup string `yaml:"resource_group"`
	Interruptible bool
	Timeout       string
	Retry         struct {
		Max  int
		When []string
	}
	Cache struct {
		Key    string
		Paths  []string
		Policy string
		When   string
	}
	Artifacts struct {
		Name     string
		When     string
		ExpireIn string `yaml:"expire_in"`
		Paths    []string
		Reports  map[string]string
	}
}

type rule struct{ If, When string }

const templateFile = "../../templates/basekeeper.yml"

// readTemplate returns both documents of the template, the second as text.
func readTemplate(t *testing.T) (inputs map[string]input, body string) {
	t.Helper()
	content, err := os.ReadFile(templateFile)
	require.NoError(t, err)
	header, body, ok := strings.Cut(string(content), "\n---\n")
	require.True(t, ok, "the header ends with a line of its own")
	require.NotContains(t, body, "\n---", "there are two documents")
	var spec struct {
		Spec struct{ Inputs map[string]input }
	}
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(header), &spec, yaml.Strict()), "each key once, and only known ones")
	return spec.Spec.Inputs, body
}

var interpolation = regexp.MustCompile(`\$\[\[(.*?)\]\]`)

// interpolated is the second document with inputs put in, as GitLab does.
func interpolated(t *testing.T, given map[string]any) (name string, j templateJob) {
	t.Helper()
	inputs, body := readTemplate(t)
	text := interpolation.ReplaceAllStringFunc(body, func(block string) string {
		key := strings.TrimPrefix(strings.TrimSpace(interpolation.FindStringSubmatch(block)[1]), "inputs.")
		value, ok := given[key]
		if !ok {
			value = inputs[key].Default
		}
		return fmt.Sprint(value)
	})
	var jobs map[string]templateJob
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(text), &jobs, yaml.Strict()), "each key once, and only known ones")
	require.Len(t, jobs, 1)
	name = slices.Collect(maps.Keys(jobs))[0]
	return name, jobs[name]
}

func TestTemplateInputs(t *testing.T) {
	inputs, body := readTemplate(t)
	used := map[string]bool{}
	for _, block := range interpolation.FindAllStringSubmatch(body, -1) {
		name, ok := strings.CutPrefix(block[1], " inputs.")
		name = strings.TrimSuffix(name, " ")
		require.True(t, ok, block[0])
		require.Contains(t, inputs, name, "it is declared")
		used[name] = true
	}
	assert.Equal(t, slices.Sorted(maps.Keys(inputs)), slices.Sorted(maps.Keys(used)), "all are used")
	for name, in := range inputs {
		t.Run(name, func(t *testing.T) {
			assert.Regexp(t, `^[a-z]+(-[a-z]+)*$`, name)
			assert.NotEmpty(t, in.Description)
			assert.LessOrEqual(t, len(in.Options), 50, "GitLab takes no more")
			switch value := in.Default.(type) {
			case string:
				assert.Equal(t, "string", in.Type)
				if in.Options != nil {
					assert.Contains(t, in.Options, value)
				}
				if in.Regex != "" {
					assert.Regexp(t, in.Regex, value)
				}
			case bool:
				assert.Equal(t, "boolean", in.Type)
				assert.Empty(t, in.Options)
				assert.Empty(t, in.Regex)
			default:
				t.Errorf("%T is no default; an input without one is asked of everybody", in.Default)
			}
		})
	}
}

// TestTemplateQuotes: an input that is all of a value would make it a boolean,
// which variables cannot be, or nothing.
func TestTemplateQuotes(t *testing.T) {
	inputs, body := readTemplate(t)
	for line := range strings.Lines(body) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, block := range interpolation.FindAllStringSubmatchIndex(line, -1) {
			before := line[:block[0]]
			assert.Equal(t, 1, strings.Count(strings.NewReplacer(`\"`, "").Replace(before), `"`)%2, "in quotes: %s", line)
			if name := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line[block[2]:block[3]]), "inputs.")); inputs[name].Type == "boolean" && !strings.Contains(line, "if:") {
				assert.True(t, strings.HasSuffix(before, `" `), "with a blank before: %s", line)
			}
		}
	}
}

func TestTemplateJob(t *testing.T) {
	name, j := interpolated(t, nil)
	assert.Equal(t, "basekeeper", name)
	assert.Equal(t, "test", j.Stage, "a stage that every pipeline has")
	assert.Regexp(t, `^ghcr\.io/basekeeper/basekeeper(:v[0-9]+|@sha256:[0-9a-f]{64})$`, j.Image.Name)
	assert.Equal(t, []string{""}, j.Image.Entrypoint, "the runner starts a shell")
	assert.NotNil(t, j.Needs)
	assert.Equal(t, []string{"basekeeper pipeline"}, j.Script)
	assert.Equal(t, "basekeeper-$CI_COMMIT_REF_SLUG", j.ResourceGroup)
	assert.False(t, j.Interruptible)
	assert.Equal(t, []string{"always", "always"}, []string{j.Cache.When, j.Artifacts.When})
	assert.Equal(t, map[string]string{"dotenv": pipeline.OutputsFile, "codequality": pipeline.CodeQualityFile}, j.Artifacts.Reports)
	assert.LessOrEqual(t, j.Retry.Max, 2, "GitLab takes no more")
	for _, p := range append(j.Cache.Paths, j.Artifacts.Paths...) {
		assert.Regexp(t, `^\.basekeeper/[a-z]+\.[a-z]+$`, p)
	}
}

// TestTemplateVariables holds the job's variables to those that are read.
func TestTemplateVariables(t *testing.T) {
	_, j := interpolated(t, nil)
	asked := map[string]bool{}
	in, err := pipeline.New(func(name string) string {
		if strings.HasPrefix(name, "BASEKEEPER_") {
			asked[name] = true
		}
		value, _ := j.Variables[name].(string)
		return value
	}, io.Discard, time.Now).Inputs()
	require.NoError(t, err, "the defaults are right")
	for _, name := range pipeline.SecretVariables() {
		delete(asked, name) // the project's settings have them
		assert.NotContains(t, j.Variables, name)
	}
	set := maps.Clone(j.Variables)
	delete(set, "GIT_DEPTH")
	assert.Equal(t, slices.Sorted(maps.Keys(asked)), slices.Sorted(maps.Keys(set)))
	for name, value := range j.Variables {
		assert.IsType(t, "", value, name)
	}
	assert.Equal(t, job.Inputs{
		Command: job.Auto, FailOn: job.FailOnError, TimeLimit: time.Hour, Directory: ".", CacheFile: job.DefaultCache, SARIFFile: ".basekeeper/basekeeper.sarif",
	}, in, "the program's own, and a file that is kept")
}
