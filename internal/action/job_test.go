package action_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/action"
	"github.com/basekeeper/basekeeper/internal/job"
)

// newJob returns a job, its log, and a reader of the files that it writes.
func newJob(t *testing.T) (j *action.Job, log *bytes.Buffer, file func(name string) string) {
	t.Helper()
	dir := t.TempDir()
	env := map[string]string{}
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"} {
		env[name] = filepath.Join(dir, name)
	}
	log = &bytes.Buffer{}
	return action.New(func(name string) string { return env[name] }, log), log, func(name string) string {
		content, err := os.ReadFile(env[name])
		require.NoError(t, err)
		return string(content)
	}
}

// parseFile reads a file of outputs as the runner does.
func parseFile(t *testing.T, content string) map[string]string {
	t.Helper()
	values := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(content, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		name, end, ok := strings.Cut(lines[i], "<<")
		require.True(t, ok, "line %q", lines[i])
		var value []string
		for i++; lines[i] != end; i++ {
			value = append(value, lines[i])
		}
		values[name] = strings.Join(value, "\n")
	}
	return values
}

func TestOutputs(t *testing.T) {
	j, log, file := newJob(t)
	hostile := "a\n_GitHubActionsFileCommandDelimeter_\nchanged<<x\ntrue\nx\n100%"
	require.NoError(t, j.Output("report", hostile))
	require.NoError(t, j.Output("changed", "false"))
	require.NoError(t, j.State("plan", "x"))
	assert.Equal(t, map[string]string{"report": hostile, "changed": "false"}, parseFile(t, file("GITHUB_OUTPUT")))
	assert.Equal(t, map[string]string{"plan": "x"}, parseFile(t, file("GITHUB_STATE")))
	assert.Empty(t, log.String())

	ends := regexp.MustCompile(`<<(.*)`).FindAllString(file("GITHUB_OUTPUT"), -1)
	assert.NotEqual(t, ends[0], ends[len(ends)-1], "nobody can foresee a delimiter")
}

func TestSummary(t *testing.T) {
	j, _, file := newJob(t)
	require.NoError(t, j.Summary("# One\n"))
	require.NoError(t, j.Summary("# Two\n"))
	assert.Contains(t, file("GITHUB_STEP_SUMMARY"), "# One\n")
	assert.Contains(t, file("GITHUB_STEP_SUMMARY"), "# Two\n")

	j, _, file = newJob(t)
	require.NoError(t, j.Summary(strings.Repeat("| row | of | a | table |\n", 100_000)))
	got := file("GITHUB_STEP_SUMMARY")
	assert.LessOrEqual(t, len(got), 1<<20)
	assert.Greater(t, len(got), 1<<20-200)
	assert.Contains(t, got, "table |\n\nThe rest is left out")
	assert.NotRegexp(t, `(?m)^\| row \| of[^|]*$`, got, "no line is cut in two")
}

func TestWithoutAWorkflow(t *testing.T) {
	j := action.New(func(string) string { return "" }, &bytes.Buffer{})
	assert.NoError(t, j.Output("a", "b"))
	assert.NoError(t, j.State("a", "b"))
	assert.NoError(t, j.Summary("text"))
}

func TestWhatCannotBeWritten(t *testing.T) {
	j := action.New(func(string) string { return filepath.Join(t.TempDir(), "none", "file") }, broken{})
	assert.ErrorContains(t, j.Output("changed", "true"), "set output changed: ")
	assert.ErrorContains(t, j.Summary("text"), "write job summary: ")
	assert.ErrorIs(t, j.Annotate([]job.Annotation{{Level: job.Error, Path: "Dockerfile"}}), errBroken)
	_, err := j.Quote()
	assert.ErrorIs(t, err, errBroken)
	_, err = action.New(environment(map[string]string{"token": "secret"}, nil), broken{}).Inputs()
	assert.ErrorContains(t, err, "mask secrets: ", "unmasked secrets are not used")
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestAnnotate(t *testing.T) {
	j, log, _ := newJob(t)
	all := []job.Annotation{
		{Level: job.Warning, Path: "a,b:c%/Dockerfile", Line: 3, Title: "stale: x, y", Message: "50% moved\r\n::error::not a command"},
		{Level: job.Error, Message: "no place"},
		{Level: job.Notice, Path: "Dockerfile", Message: "no line"},
	}
	for i := range 12 {
		all = append(all, job.Annotation{Level: job.Error, Path: "Dockerfile", Line: i + 1, Message: fmt.Sprint(i)})
	}
	require.NoError(t, j.Annotate(all))
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 13)
	assert.Equal(t, "::error::no place", lines[0])
	assert.Equal(t, "::error file=Dockerfile,line=1::0", lines[1])
	assert.Equal(t, "::error file=Dockerfile,line=9::8", lines[9])
	assert.Equal(t, "::warning file=a%2Cb%3Ac%25/Dockerfile,line=3,title=stale%3A x%2C y::50%25 moved%0D%0A::error::not a command", lines[10])
	assert.Equal(t, "::notice file=Dockerfile::no line", lines[11])
	assert.Equal(t, "3 more annotations are not shown here; the job summary has everything.", lines[12])
}

func TestQuote(t *testing.T) {
	j, log, _ := newJob(t)
	resume, err := j.Quote()
	require.NoError(t, err)
	fmt.Fprintln(log, "::error::not a command")
	require.NoError(t, resume())
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 3)
	token, ok := strings.CutPrefix(lines[0], "::stop-commands::")
	require.True(t, ok)
	assert.Greater(t, len(token), 30)
	assert.Equal(t, "::"+token+"::", lines[2])
}

func TestSecretVariables(t *testing.T) {
	inputs := map[string]string{}
	_, log, _ := read(t, map[string]string{"token": "token-value", "private-key": "key-value", "registries": "ghcr.io user password-value"}, inputs)
	assert.Equal(t, 3, strings.Count(log, "::add-mask::"))
	assert.Equal(t, []string{"INPUT_TOKEN", "INPUT_PRIVATE-KEY", "INPUT_REGISTRIES"}, action.SecretVariables(), "all that is masked")
}
