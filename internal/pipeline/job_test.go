package pipeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/pipeline"
)

func newJob(env ...map[string]string) (*pipeline.Job, *bytes.Buffer) {
	var out bytes.Buffer
	at := time.Unix(1_700_000_000, 0)
	return pipeline.New(getenv(env...), &out, func() time.Time { return at }), &out
}

// TestLog writes the log of a job whose texts are another's.
func TestLog(t *testing.T) {
	j, out := newJob(map[string]string{"BASEKEEPER_TOKEN": "glpat-canary", "CI_JOB_TOKEN": "glcbt-canary", "BASEKEEPER_REGISTRIES": "r.example.com u pass-canary\n"})
	const hostile = "\x1b[0Ksection_end:1700000000:basekeeper_plan\r\x1b[0Kout of it"
	resume, err := j.Quote()
	require.NoError(t, err)
	fmt.Fprintf(j.Log(), "before %s\n", hostile)
	require.NoError(t, j.Section("plan", "What is stale "+hostile+" glpat-canary", func() error {
		fmt.Fprint(j.Log(), "half a line with glpat-ca")
		fmt.Fprint(j.Log(), "nary, pass-canary\r\nsection_start:1:x\rand a last one without an end: glcbt-canary")
		return nil
	}))
	fmt.Fprint(j.Log(), "not ended")
	require.NoError(t, resume())
	require.NoError(t, j.Annotate([]job.Annotation{
		{Level: job.Warning, Path: "a\x1b[31m/Dockerfile", Line: 3, Title: "Base image is stale", Message: "moved\n" + hostile},
		{Level: job.Error, Message: "no place, glpat-canary\x1b[0m"},
		{Level: job.Notice, Path: "Dockerfile", Message: "no line"},
	}))
	golden(t, "testdata/log.golden", out.String())
	assert.NotContains(t, out.String(), "canary")
	for line := range strings.Lines(out.String()) {
		if i := strings.Index(line, "\x1b[0Ksection_"); i >= 0 {
			assert.Regexp(t, "^\x1b\\[0Ksection_(start|end):1700000000:basekeeper_plan\r\x1b\\[0K[^\x1b\r]*\n$", line)
		}
	}
}

func TestLogOfLongLines(t *testing.T) {
	j, out := newJob(map[string]string{"BASEKEEPER_TOKEN": "glpat-canary"})
	line := strings.Repeat("x", 65530) + "glpat-canary" + strings.Repeat("y", 200_000)
	for i := range line {
		_, err := j.Log().Write([]byte{line[i]})
		require.NoError(t, err)
	}
	assert.Greater(t, out.Len(), 200_000, "little is held back")
	resume, err := j.Quote()
	require.NoError(t, err)
	require.NoError(t, resume())
	assert.Equal(t, strings.Replace(line, "glpat-canary", "[MASKED]", 1)+"\n", out.String())
}

func TestAnnotationsAreBounded(t *testing.T) {
	j, out := newJob()
	var all []job.Annotation
	for i := range 25 {
		all = append(all, job.Annotation{Level: job.Error, Message: fmt.Sprint(i)})
	}
	require.NoError(t, j.Annotate(all))
	assert.Equal(t, 11, strings.Count(out.String(), "\n"))
	assert.Contains(t, out.String(), "15 more remarks are not shown here")
}

func TestSectionOfAnError(t *testing.T) {
	j, out := newJob()
	cause := errors.New("broken")
	require.ErrorIs(t, j.Section("plan", "Plan", func() error { return cause }), cause)
	assert.Contains(t, out.String(), "section_end:", "it ends all the same")

	j = pipeline.New(getenv(), broken{}, time.Now)
	require.ErrorIs(t, j.Section("plan", "Plan", func() error { return nil }), errBroken)
	require.ErrorIs(t, j.Annotate([]job.Annotation{{Level: job.Error}}), errBroken)
	_, err := fmt.Fprintln(j.Log(), "text")
	require.ErrorIs(t, err, errBroken)
}

var errBroken = errors.New("broken pipe")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// TestDotenv holds the report to what GitLab takes.
func TestDotenv(t *testing.T) {
	j, _ := newJob()
	for _, o := range [][2]string{
		{"command", "bump"}, {"stale", "3"}, {"gone", "0"}, {"changed", "false"}, {"changed", "true"},
		{"pull-requests", `["https://gitlab.example.com/acme/app/-/merge_requests/1"]`}, {"retired", `["registry.example.com/acme/app:latest v1"]`},
		{"plan", ".basekeeper/plan.json"}, {"report", ""}, {"exit-status", "0"},
	} {
		require.NoError(t, j.Output(o[0], o[1]))
	}
	got, err := j.Dotenv()
	require.NoError(t, err)
	golden(t, "testdata/outputs.golden", string(got))
	value := strings.TrimPrefix(strings.Split(string(got), "\n")[5], "BASEKEEPER_RETIRED=")
	var tags []string
	require.NoError(t, json.Unmarshal([]byte(value), &tags))
	assert.Equal(t, []string{"registry.example.com/acme/app:latest v1"}, tags, "it is the same list")
}

func TestDotenvIsBounded(t *testing.T) {
	j, out := newJob(map[string]string{"BASEKEEPER_TOKEN": "glpat-canary"})
	all := make([]string, 500)
	for i := range all {
		all[i] = fmt.Sprintf("https://gitlab.example.com/acme/app-glpat-canary/-/merge_requests/%d", i)
	}
	list, err := json.Marshal(all)
	require.NoError(t, err)
	for _, name := range []string{"pull-requests", "retired"} {
		require.NoError(t, j.Output(name, string(list)))
	}
	for i := range 18 {
		require.NoError(t, j.Output("x-"+string(rune('a'+i)), strings.Repeat("x", 30)))
	}
	require.ErrorContains(t, j.Output("one-more", "1"), "set output one-more: GitLab takes 20 of a job")
	got, err := j.Dotenv()
	require.NoError(t, err)
	assert.LessOrEqual(t, len(got), 5<<10)
	assert.NotContains(t, string(got), "canary")
	lines := strings.Split(string(got), "\n")
	var kept []string
	require.NoError(t, json.Unmarshal([]byte(strings.TrimPrefix(lines[0], "BASEKEEPER_MERGE_REQUESTS=")), &kept))
	assert.Greater(t, len(kept), 10)
	resume, err := j.Quote()
	require.NoError(t, errors.Join(err, resume()))
	assert.Contains(t, out.String(), fmt.Sprintf("BASEKEEPER_MERGE_REQUESTS has no room for %d of 500; the report has all.\n", 500-len(kept)))

	for i := range 18 {
		require.NoError(t, j.Output("x-"+string(rune('a'+i)), strings.Repeat("x", 100)))
	}
	_, err = j.Dotenv()
	assert.ErrorContains(t, err, "of which GitLab takes 5120", "rather than that GitLab fails the job")
}

func TestHostileOutputs(t *testing.T) {
	j, _ := newJob()
	for _, value := range []string{"a\nBASEKEEPER_CHANGED=true", "a\rb", "a b", "\x00", "a\u2028b", "\xff", strings.Repeat("x", 101), "[not JSON", `[1]`} {
		require.Error(t, j.Output("plan", value), "%q", value)
	}
	for _, name := range []string{"", "A", "a b", "a=b", "a\n"} {
		require.Error(t, j.Output(name, "x"), "%q", name)
	}
	require.NoError(t, j.Output("retired", `["a\nBASEKEEPER_CHANGED=true", "\u2028 \t"]`))
	got, err := j.Dotenv()
	require.NoError(t, err)
	assert.Equal(t, "BASEKEEPER_RETIRED=[\"a\\nBASEKEEPER_CHANGED=true\",\"\\u2028\\u0020\\t\"]\n", string(got))
}

// TestHidden: what is taken out of the environment is known to the run still.
func TestHidden(t *testing.T) {
	env := map[string]string{"GITLAB_TOKEN": "glpat-x", "HOME": "/root"}
	j := pipeline.New(func(name string) string { return env[name] }, &bytes.Buffer{}, time.Now)
	for _, name := range pipeline.SecretVariables() {
		delete(env, name)
	}
	assert.Equal(t, "glpat-x", j.Getenv("GITLAB_TOKEN"))
	assert.Equal(t, "/root", j.Getenv("HOME"))
	require.NoError(t, j.Summary("nothing"))
}
