package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
)

// What the documentation shows is what the program does. The tests below read
// the fenced blocks of README.md and docs/ by these conventions:
//
//   - docs/dockerfile.md: a block "dockerfile" is followed by what scan prints
//     for it: a block "text" (the table, without the line that sums it up
//     unless the block has that line), a block "json", or both;
//   - docs/configuration.md: a block "yaml" is a configuration that parses; a
//     block "yaml wrong" is followed by a block "text" with the error;
//   - README.md: the first two blocks "sh" are one command each; a block "yaml"
//     that begins with "# .basekeeper.yaml" is a configuration that parses;
//   - README.md and docs/github.md: what a step that uses the action gives it
//     are inputs that action.yml has (actionlint looks at the rest).
//
// In Dockerfiles and in JSON four equal hexadecimal digits and an ellipsis,
// 1111…, stand for 64 of them. Everywhere, commands and flags must exist.
const (
	readme            = "../../README.md"
	dockerfileDoc     = "../../docs/dockerfile.md"
	configurationDoc  = "../../docs/configuration.md"
	githubDoc         = "../../docs/github.md"
	gitlabDoc         = "../../docs/gitlab.md"
	componentDoc      = "../../docs/component.md"
	retentionDoc      = "../../docs/retention.md"
	configurationFile = ".basekeeper.yaml"
)

// fenced is a fenced block of a Markdown file.
type fenced struct {
	info string // what stands behind the opening fence
	text string
	line int // 1-based, of the opening fence
}

func readDoc(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.FromSlash(file))
	require.NoError(t, err)
	return string(content)
}

func fencedBlocks(t *testing.T, file string) []fenced {
	t.Helper()
	var all []fenced
	open := false
	for i, line := range strings.SplitAfter(readDoc(t, file), "\n") {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open:
			open = false
		case fence:
			all, open = append(all, fenced{info: strings.TrimSpace(info), line: i + 1}), true
		case open:
			all[len(all)-1].text += line
		}
	}
	require.False(t, open, "%s: a block is not closed", file)
	require.NotEmpty(t, all)
	return all
}

// inDoc runs the program without an environment.
func inDoc(t *testing.T, args ...string) (code int, stdout string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Main(t.Context(), cli.Env{
		Args: args, Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Now: time.Now,
	})
	require.Empty(t, errs.String())
	return code, out.String()
}

var shortDigits = regexp.MustCompile(`[0-9a-f]{4}…`)

func expandDigits(s string) string {
	return shortDigits.ReplaceAllStringFunc(s, func(short string) string { return strings.Repeat(short[:1], 64) })
}

func shortenDigits(s string) string {
	for _, digit := range strings.Split("0123456789abcdef", "") {
		s = strings.ReplaceAll(s, strings.Repeat(digit, 64), strings.Repeat(digit, 4)+"…")
	}
	return s
}

func TestDockerfileExamples(t *testing.T) {
	all := fencedBlocks(t, dockerfileDoc)
	tested := 0
	for i, b := range all {
		if b.info != "dockerfile" {
			continue
		}
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(expandDigits(b.text)), 0o600))
		wants := all[i+1:]
		n := slices.IndexFunc(wants, func(w fenced) bool { return w.info != "text" && w.info != "json" })
		if n >= 0 {
			wants = wants[:n]
		}
		require.NotEmpty(t, wants, "%s:%d: the Dockerfile is not followed by what scan prints", dockerfileDoc, b.line)
		for _, want := range wants {
			tested++
			if want.info == "json" {
				_, got := inDoc(t, "scan", "--format", "json", dir)
				assert.JSONEq(t, want.text, shortenDigits(got), "%s:%d", dockerfileDoc, want.line)
				continue
			}
			code, got := inDoc(t, "scan", dir)
			if !strings.Contains(want.text, " uses in ") {
				table, _, found := strings.Cut(got, "\n\n")
				require.True(t, found, got)
				got = table + "\n"
			}
			assert.Equal(t, want.text, got, "%s:%d", dockerfileDoc, want.line)
			assert.Equal(t, strings.Contains(want.text, "  problem  "), code == 4, "%s:%d: exit status %d", dockerfileDoc, want.line, code)
		}
	}
	assert.Greater(t, tested, 20)
}

// TestDocumentedCodes keeps the list of holds whole.
func TestDocumentedCodes(t *testing.T) {
	doc := readDoc(t, dockerfileDoc)
	codes := regexp.MustCompile(`Code += "([a-z-]+)"`).FindAllStringSubmatch(readDoc(t, "../plan/plan.go"), -1)
	require.NotEmpty(t, codes)
	for _, code := range codes {
		assert.Contains(t, doc, "| `"+code[1]+"` |")
	}
}

func TestConfigurationExamples(t *testing.T) {
	all := fencedBlocks(t, configurationDoc)
	for i, b := range all {
		switch b.info {
		case "yaml":
			_, err := config.Parse(configurationFile, []byte(b.text))
			assert.NoError(t, err, "%s:%d", configurationDoc, b.line)
		case "yaml wrong":
			_, err := config.Parse(configurationFile, []byte(b.text))
			require.Error(t, err, "%s:%d", configurationDoc, b.line)
			require.Greater(t, len(all), i+1)
			assert.Equal(t, "text", all[i+1].info, "%s:%d", configurationDoc, b.line)
			assert.Equal(t, all[i+1].text, "basekeeper: "+err.Error()+"\n", "%s:%d", configurationDoc, b.line)
		}
	}
}

// TestRetentionExamples: the page about versions of images has configurations too.
func TestRetentionExamples(t *testing.T) {
	found := 0
	for _, file := range []string{readme, retentionDoc} {
		for _, b := range fencedBlocks(t, file) {
			if b.info == "yaml" && strings.HasPrefix(b.text, "# "+configurationFile) {
				found++
				c, err := config.Parse(configurationFile, []byte(b.text))
				assert.NoError(t, err, "%s:%d", file, b.line)
				assert.False(t, file == retentionDoc && !c.Roots.Declared(), "without roots nothing is ever deleted")
			}
		}
	}
	assert.GreaterOrEqual(t, found, 2)
}

// TestGitLabExamples: what the page for GitLab shows of a configuration is one.
func TestGitLabExamples(t *testing.T) {
	found := 0
	for _, b := range fencedBlocks(t, gitlabDoc) {
		if b.info == "yaml" {
			found++
			_, err := config.Parse(configurationFile, []byte(b.text))
			assert.NoError(t, err, "%s:%d", gitlabDoc, b.line)
		}
	}
	assert.Positive(t, found)
}

// TestDocumentedFamilies keeps the table of registries whole.
func TestDocumentedFamilies(t *testing.T) {
	doc := readDoc(t, retentionDoc)
	names := map[hosted.Family]string{
		hosted.GHCR: "ghcr.io", hosted.GitLab: "GitLab", hosted.DockerHub: "Docker Hub", hosted.ECR: "Amazon ECR",
		hosted.GAR: "Google Artifact Registry", hosted.ACR: "Azure ACR", hosted.Quay: "Quay", hosted.Harbor: "Harbor",
	}
	yes := map[bool]string{true: "yes", false: "no"}
	for _, family := range hosted.Families() {
		require.Contains(t, names, family.Family)
		row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(names[family.Family]) + `[^|]*\| (yes|no)[^|]* \| (yes|no)[^|]* \| (yes|no)[^|]* \|`).FindStringSubmatch(doc)
		require.NotNil(t, row, family.Family)
		assert.Equal(t, []string{yes[family.TagDelete], yes[family.DatesTags], yes[family.ListsUntagged]}, row[1:], family.Family)
	}
}

// TestDocumentedKeys keeps the list of the configuration's keys whole.
func TestDocumentedKeys(t *testing.T) {
	doc := readDoc(t, configurationDoc)
	var schema any
	require.NoError(t, json.Unmarshal(config.Schema(), &schema))
	keys := schemaKeys(schema)
	require.Contains(t, keys, "password-env")
	for _, key := range keys {
		assert.Contains(t, doc, "| `"+key+"` |")
	}
}

// schemaKeys returns the names of all properties in a JSON Schema.
func schemaKeys(schema any) []string {
	var keys []string
	switch s := schema.(type) {
	case []any:
		for _, item := range s {
			keys = append(keys, schemaKeys(item)...)
		}
	case map[string]any:
		if properties, ok := s["properties"].(map[string]any); ok {
			for key := range properties {
				keys = append(keys, key)
			}
		}
		for _, value := range s {
			keys = append(keys, schemaKeys(value)...)
		}
	}
	return keys
}

func TestReadme(t *testing.T) {
	var sh []string
	for _, b := range fencedBlocks(t, readme) {
		switch {
		case b.info == "sh":
			sh = append(sh, b.text)
		case b.info == "yaml" && strings.HasPrefix(b.text, "# "+configurationFile):
			_, err := config.Parse(configurationFile, []byte(b.text))
			assert.NoError(t, err, "%s:%d", readme, b.line)
		}
	}
	assert.Contains(t, readDoc(t, readme), "```yaml\n# .github/workflows/basekeeper.yml\n"+string(config.Workflow())+"```\n", "the quick start is what init writes")
	require.GreaterOrEqual(t, len(sh), 2)
	assert.Equal(t, []string{"go run ./cmd/basekeeper demo\n", "make test\n"}, sh[:2])
}

// TestDocumentedInputs looks at the steps that use the action.
func TestDocumentedInputs(t *testing.T) {
	type with map[string]any
	type step struct {
		Uses string
		With with
	}
	var known struct{ Inputs with }
	require.NoError(t, yaml.Unmarshal([]byte(readDoc(t, "../../action.yml")), &known))
	used := 0
	for _, file := range []string{readme, githubDoc, retentionDoc} {
		for _, b := range fencedBlocks(t, file) {
			if b.info != "yaml" || !strings.Contains(b.text, "uses: basekeeper/basekeeper@") {
				continue
			}
			var workflow struct {
				Jobs map[string]struct{ Steps []step }
			}
			require.NoError(t, yaml.Unmarshal([]byte(b.text), &workflow), "%s:%d", file, b.line)
			for _, job := range workflow.Jobs {
				for _, s := range job.Steps {
					if !strings.HasPrefix(s.Uses, "basekeeper/basekeeper@") {
						continue
					}
					used++
					for input := range s.With {
						assert.Contains(t, known.Inputs, input, "%s:%d", file, b.line)
					}
				}
			}
		}
	}
	assert.GreaterOrEqual(t, used, 2)
}

// TestDocumentedCommands looks at what stands behind the program's name in code.
func TestDocumentedCommands(t *testing.T) {
	root := cli.NewRoot(cli.Env{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	for _, file := range []string{readme, dockerfileDoc, configurationDoc, githubDoc, gitlabDoc, componentDoc, retentionDoc} {
		named := 0
		for _, code := range codeOf(t, file) {
			for _, call := range calls.FindAllStringSubmatch(code, -1) {
				named++
				cmd, rest, err := root.Find(strings.Fields(call[1])[:1])
				if assert.NoError(t, err, "%s: %s", file, code) && assert.Empty(t, rest, "%s: %s", file, code) {
					assertFlags(t, cmd, call[1], file)
				}
			}
		}
		assert.Positive(t, named, file)
	}
}

var (
	inline = regexp.MustCompile("`[^`\n]+`")
	calls  = regexp.MustCompile(`(?:^|[ $(;])basekeeper ([a-z][^|;&#>)]*)`)
	flags  = regexp.MustCompile(`(?:^|\s)(--?[a-z][a-z-]*)`)
)

// codeOf returns the lines of shell code and the code inside of sentences.
func codeOf(t *testing.T, file string) []string {
	t.Helper()
	var code []string
	for _, b := range fencedBlocks(t, file) {
		for line := range strings.Lines(b.text) {
			if prompt, ok := strings.CutPrefix(line, "$ "); ok || b.info == "sh" || b.info == "yaml" {
				code = append(code, prompt)
			}
		}
	}
	for _, span := range inline.FindAllString(readDoc(t, file), -1) {
		code = append(code, strings.Trim(span, "`"))
	}
	return code
}

func assertFlags(t *testing.T, cmd *cobra.Command, call, file string) {
	t.Helper()
	cmd.InitDefaultHelpFlag()
	for _, flag := range flags.FindAllStringSubmatch(call, -1) {
		name := strings.TrimLeft(flag[1], "-")
		if len(name) == 1 {
			assert.NotNil(t, cmd.Flags().ShorthandLookup(name), "%s: %s", file, call)
			continue
		}
		assert.NotNil(t, cmd.Flags().Lookup(name), "%s: %s", file, call)
	}
}
