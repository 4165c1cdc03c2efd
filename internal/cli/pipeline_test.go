package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pipelineJob is a job that runs the component's command in a checkout.
type pipelineJob struct {
	*program
	dir string
}

func newPipelineJob(t *testing.T) *pipelineJob {
	t.Helper()
	j := &pipelineJob{newProgram(t), t.TempDir()}
	maps.Copy(j.env, map[string]string{
		"CI_PIPELINE_SOURCE": "push", "CI_PROJECT_DIR": j.dir, "CI_PROJECT_ID": "1", "CI_PROJECT_PATH": "acme/team/app",
		"CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": strings.Repeat("c", 40), "CI_JOB_TOKEN": "glcbt-" + canary,
	})
	return j
}

// perform runs the job and returns its outputs.
func (j *pipelineJob) perform(want int) (outputs map[string]string, log string) {
	j.t.Helper()
	code, log, errs := j.run(j.t.Context(), "pipeline")
	require.Equal(j.t, want, code, log)
	assert.Empty(j.t, errs, "everything is in one log, in order")
	assert.NotContains(j.t, log, canary)
	assert.NotContains(j.t, log, secret)
	content := j.file("outputs.env")
	outputs = map[string]string{}
	for line := range strings.Lines(content) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		require.True(j.t, ok, content)
		outputs[strings.TrimPrefix(name, "BASEKEEPER_")] = value
	}
	return outputs, log
}

// file is what the job leaves in its folder.
func (j *pipelineJob) file(name string) string {
	j.t.Helper()
	content, err := os.ReadFile(filepath.Join(j.dir, ".basekeeper", name))
	require.NoError(j.t, err)
	return string(content)
}

// quality is the job's Code Quality report, as places and what is said of them.
func (j *pipelineJob) quality() []string {
	j.t.Helper()
	var issues []struct {
		Description string
		Location    struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	require.NoError(j.t, json.Unmarshal([]byte(j.file("codequality.json")), &issues))
	said := []string{}
	for _, i := range issues {
		said = append(said, fmt.Sprintf("%s:%d: %s", i.Location.Path, i.Location.Lines.Begin, i.Description))
	}
	return said
}

// TestPipelineCheck: what a push to a branch, and a merge request of the project,
// get to see.
func TestPipelineCheck(t *testing.T) {
	s, end, err := newStage(t.Context())
	require.NoError(t, err)
	defer end()
	digest, err := s.publish(t.Context(), "debian:12", "one")
	require.NoError(t, err)
	_, err = s.publish(t.Context(), "debian:12", "two")
	require.NoError(t, err)
	j := newPipelineJob(t)
	j.env["CI_COMMIT_BRANCH"], j.env["BASEKEEPER_SARIF_FILE"] = "topic", "out/found.sarif"
	writeTo(j.dir, "Dockerfile", fmt.Sprintf("FROM %s/debian:12@%s\n", s.host, digest))

	outputs, log := j.perform(0)
	assert.Equal(t, map[string]string{
		"DID": "check", "STALE": "1", "GONE": "0", "CHANGED": "false", "MERGE_REQUESTS": "[]", "RETIRED": "[]",
		"PLAN": ".basekeeper/plan.json", "REPORT": ".basekeeper/report.md", "EXIT_STATUS": "0",
	}, outputs)
	assert.Contains(t, log, `check: push to "topic": a look at what is stale.`)
	assert.Regexp(t, "\x1b\\[0Ksection_start:[0-9]+:basekeeper_plan\r\x1b\\[0KWhat is stale\n", log)
	assert.Regexp(t, "\x1b\\[33mWARNING: Dockerfile:1: .*\x1b\\[0m\n", log)
	require.Len(t, j.quality(), 1)
	assert.Regexp(t, `^Dockerfile:1: .*debian:12 is pinned to`, j.quality()[0])
	assert.Contains(t, j.file("report.md"), "debian")
	assert.FileExists(t, filepath.Join(j.dir, "out/found.sarif"))
	assert.FileExists(t, filepath.Join(j.dir, ".basekeeper/cache.json"))

	j.env["CI_PIPELINE_SOURCE"], j.env["BASEKEEPER_FAIL_ON"] = "merge_request_event", "stale"
	maps.Copy(j.env, mergeRequestOf("1"))
	outputs, log = j.perform(3)
	assert.Equal(t, "3", outputs["EXIT_STATUS"])
	assert.Contains(t, log, "check: merge request !7: a look at what is stale.")

	j.env["BASEKEEPER_COMMAND"], j.env["BASEKEEPER_IN_PLACE"], j.env["BASEKEEPER_FAIL_ON"] = "bump", "true", ""
	outputs, log = j.perform(0)
	assert.Equal(t, "true", outputs["CHANGED"])
	assert.Contains(t, log, ":basekeeper_bumps\r")
	assert.Empty(t, j.quality(), "it is stale no more")
}

// mergeRequestOf are the variables of a merge request from the project of that
// number to project 1.
func mergeRequestOf(project string) map[string]string {
	return map[string]string{
		"CI_COMMIT_BRANCH": "", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "1", "CI_MERGE_REQUEST_PROJECT_PATH": "acme/team/app",
		"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": project, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "x", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
	}
}

// TestPipelineOutputs: all outputs are set, whatever happens.
func TestPipelineOutputs(t *testing.T) {
	tests := map[string]struct {
		env          map[string]string
		status       int
		did, message string
	}{
		"no such command":   {map[string]string{"BASEKEEPER_COMMAND": "nosuch"}, 2, "", "\x1b[31mERROR: variable BASEKEEPER_COMMAND: \"nosuch\" is none of"},
		"nothing to do":     {map[string]string{"CI_PIPELINE_SOURCE": "chat"}, 0, "nothing", `nothing: pipeline source "chat" calls for nothing`},
		"refused":           {map[string]string{"BASEKEEPER_COMMAND": "on-merge", "CI_COMMIT_BRANCH": "x"}, 5, "nothing", "nothing: on-merge is for pipelines of the default branch."},
		"refused, but mild": {map[string]string{"BASEKEEPER_COMMAND": "on-merge", "CI_COMMIT_BRANCH": "x", "BASEKEEPER_FAIL_ON": "none"}, 0, "nothing", "on-merge"},
		"no pipeline":       {map[string]string{"CI_PIPELINE_SOURCE": ""}, 0, "check", "check: there is no pipeline."},
		"strange event":     {map[string]string{"CI_COMMIT_SHA": "HEAD"}, 2, "", "ERROR: read event: CI_COMMIT_SHA is"},
		"retire what?":      {map[string]string{"BASEKEEPER_COMMAND": "retire"}, 2, "retire", "ERROR: variable BASEKEEPER_IMAGE: retire needs the image"},
		"bad configuration": {map[string]string{"BASEKEEPER_CONFIG": "none.yaml", "CI_PIPELINE_SOURCE": ""}, 2, "check", "none.yaml"},
	}
	want, err := os.ReadFile("../pipeline/testdata/outputs.golden")
	require.NoError(t, err)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			j := newPipelineJob(t)
			maps.Copy(j.env, tt.env)
			outputs, log := j.perform(tt.status)
			assert.Contains(t, log, tt.message)
			assert.Equal(t, tt.did, outputs["DID"])
			var names []string
			for line := range strings.Lines(string(want)) {
				names = append(names, strings.TrimPrefix(line[:strings.IndexByte(line, '=')], "BASEKEEPER_"))
			}
			slices.Sort(names)
			assert.Equal(t, names, slices.Sorted(maps.Keys(outputs)))
		})
	}
}

// TestPipelineLogins: secrets get to where they are for, and nowhere else.
func TestPipelineLogins(t *testing.T) {
	s, end, err := newStage(t.Context())
	require.NoError(t, err)
	defer end()
	s.fail("401", "/v2/")
	j := newPipelineJob(t)
	j.env["CI_COMMIT_BRANCH"], j.env["BASEKEEPER_TOKEN"] = "x", secret
	j.env["BASEKEEPER_REGISTRIES"] = s.host + " user " + canary
	for _, name := range []string{"BASEKEEPER_TOKEN", "BASEKEEPER_REGISTRIES"} {
		t.Setenv(name, j.env[name])
	}
	// A file's name that would say it all, were it printed as it is.
	writeTo(j.dir, "Dockerfile."+canary, fmt.Sprintf("FROM %s/debian:12@sha256:%064d\n", s.host, 0))
	_, log := j.perform(4)
	assert.Contains(t, log, "Dockerfile.[MASKED]")
	assert.True(t, s.sawCredentials(canary))
	for _, name := range []string{"BASEKEEPER_TOKEN", "BASEKEEPER_REGISTRIES"} {
		_, inherited := os.LookupEnv(name)
		assert.False(t, inherited, "programs that it starts would see it")
	}
	assert.NotContains(t, j.file("outputs.env"), canary)
}

// TestPipelineHostileFolder: what is checked out does not lead the files that
// are written elsewhere.
func TestPipelineHostileFolder(t *testing.T) {
	j := newPipelineJob(t)
	j.env["CI_COMMIT_BRANCH"] = "x"
	outside := t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(j.dir, ".basekeeper")))
	code, log, _ := j.run(t.Context(), "pipeline")
	assert.Equal(t, 2, code)
	assert.Contains(t, log, "ERROR: variable BASEKEEPER_CACHE_FILE: write into .basekeeper: it is no folder")
	entries, err := os.ReadDir(outside)
	require.NoError(t, err)
	assert.Empty(t, entries)
}
