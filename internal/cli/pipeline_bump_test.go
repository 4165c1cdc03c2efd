package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// open returns the open merge requests of the project, as branch: title.
func (r *gitlabRun) open() []string {
	var all []string
	for _, m := range r.gitlab.MergeRequests("acme/team/app") {
		if m.State == "opened" {
			all = append(all, fmt.Sprintf("%s: %s", m.Source, m.Title))
		}
	}
	return all
}

// bumps is a job of a project that is behind in two images.
func bumps(t *testing.T, source string) *gitlabRun {
	t.Helper()
	r := newGitLabRun(t, source, "README", "x")
	old, oldTool := r.publish("debian", "12", "one"), r.publish("tool", "1", "three")
	_, err := r.gitlab.Push("acme/team/app", "main", "ada", "Add it", r.files([]string{
		"Dockerfile", fmt.Sprintf("FROM HOST/debian:12@%s\nCOPY --from=HOST/tool:1@%s /a /b\n", old, oldTool),
	})...)
	require.NoError(t, err)
	r.publish("debian", "12", "two")
	r.publish("tool", "1", "four")
	r.checkOut("main")
	return r
}

// TestPipelineBump: a trigger that names an image bumps that one, a schedule the
// rest, and then there is nothing to write.
func TestPipelineBump(t *testing.T) {
	r := bumps(t, "trigger")
	r.env["BASEKEEPER_IMAGE"], r.env["BASEKEEPER_DRY_RUN"] = r.registry.Host()+"/tool:1", "true"
	outputs, log := r.perform(0)
	assert.Equal(t, []string{"bump", "1", "false", "[]"}, []string{outputs["DID"], outputs["STALE"], outputs["CHANGED"], outputs["MERGE_REQUESTS"]})
	assert.Contains(t, log, "tool:1 was published.")
	assert.Zero(t, r.gitlab.Writes(), "a dry run writes nothing")

	delete(r.env, "BASEKEEPER_DRY_RUN")
	outputs, log = r.perform(0)
	assert.Equal(t, []string{"bump", "true"}, []string{outputs["DID"], outputs["CHANGED"]})
	require.Len(t, r.open(), 1, "that image alone")
	assert.NotContains(t, log, "debian")
	assert.Contains(t, log, ":basekeeper_pulls\r")
	var urls []string
	require.NoError(t, json.Unmarshal([]byte(outputs["MERGE_REQUESTS"]), &urls))
	require.Len(t, urls, 1)
	assert.Contains(t, urls[0], "/acme/team/app/-/merge_requests/1")
	assert.Contains(t, r.file("report.md"), urls[0])

	delete(r.env, "BASEKEEPER_IMAGE")
	r.env["CI_PIPELINE_SOURCE"] = "schedule"
	outputs, _ = r.perform(0)
	assert.Equal(t, "true", outputs["CHANGED"])
	assert.Len(t, r.open(), 2, "the rest")
	r.gitlab.ResetRequests()
	outputs, _ = r.perform(0)
	assert.Equal(t, []string{"false", "[]"}, []string{outputs["CHANGED"], outputs["MERGE_REQUESTS"]})
	assert.Zero(t, r.gitlab.Writes(), "a second run does nothing")
}

// TestPipelineBumpOfGroup: one project works on all of a group, and its own
// files alone are in its Code Quality report.
func TestPipelineBumpOfGroup(t *testing.T) {
	r := bumps(t, "web")
	host := r.registry.Host()
	require.NoError(t, r.gitlab.CreateProject("acme/other", lab.ProjectOptions{}, lab.File{
		Path: "Dockerfile", Content: []byte(fmt.Sprintf("FROM %s/debian:12@%s\n", host, r.publish("debian", "11", "one"))),
	}))
	r.env["BASEKEEPER_COMMAND"], r.env["BASEKEEPER_GROUP"] = "check", "acme"
	outputs, _ := r.perform(0)
	assert.Equal(t, "3", outputs["STALE"])
	assert.Len(t, r.quality(), 2, "of the project that the pipeline runs in")

	r.env["BASEKEEPER_COMMAND"] = ""
	r.perform(0)
	assert.Len(t, r.open(), 2)
	assert.Len(t, r.gitlab.MergeRequests("acme/other"), 1)
}

// TestPipelineBumpToken: which token will do, and what is said of others.
func TestPipelineBumpToken(t *testing.T) {
	r := bumps(t, "api")
	maps.Copy(r.env, map[string]string{"BASEKEEPER_TOKEN": "", "GITLAB_TOKEN": ""})
	outputs, log := r.perform(2)
	assert.Equal(t, "2", outputs["EXIT_STATUS"])
	assert.Contains(t, log, "CI_JOB_TOKEN", "it is there, and will not do")
	r.env["GITLAB_TOKEN"] = secret
	outputs, _ = r.perform(0)
	assert.Equal(t, "true", outputs["CHANGED"])
}

// TestPipelineFollowUp: a schedule makes good for the pipeline of a merge that
// never ran.
func TestPipelineFollowUp(t *testing.T) {
	r := newGitLabRun(t, "schedule", "Dockerfile", "FROM scratch\n", ".basekeeper.yaml", oneImage)
	first := r.publish("apps/app", "latest", "app 1")
	r.now = r.now.Add(time.Minute)
	r.mergeBump("keeper", "basekeeper/debian-12")
	outputs, _ := r.perform(0)
	assert.Equal(t, []string{"bump", "true"}, []string{outputs["DID"], outputs["CHANGED"]})
	assert.Equal(t, fmt.Sprintf(`["%s/apps/app:latest\u0020v1"]`, r.registry.Host()), outputs["RETIRED"])
	assert.Equal(t, first, r.kept())
	outputs, _ = r.perform(0)
	assert.Equal(t, "false", outputs["CHANGED"])
}
