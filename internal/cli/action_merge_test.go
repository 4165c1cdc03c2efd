package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// merged is the event of a bump that was merged.
func merged(t *testing.T, o *org, at time.Time) map[string]any {
	t.Helper()
	base, err := o.github.Branch("acme/app", "main")
	require.NoError(t, err)
	return map[string]any{"action": "closed", "repository": repositoryOfEvents, "pull_request": map[string]any{
		"number": 7, "merged": true, "merged_at": at.Format(time.RFC3339), "merge_commit_sha": strings.Repeat("c", 40),
		"user": map[string]any{"login": "github-actions[bot]"},
		"head": map[string]any{"ref": "basekeeper/debian-12", "sha": strings.Repeat("a", 40), "repo": repositoryOfEvents},
		"base": map[string]any{"ref": "main", "sha": base, "repo": repositoryOfEvents},
	}}
}

// imagesWorkflow is acme/app, which builds apps/app, when its bump was merged.
func imagesWorkflow(t *testing.T) (*org, *workflow) {
	t.Helper()
	o := newOrg(t)
	o.repository("acme/app", kind{}, "Dockerfile", "FROM scratch\n", ".basekeeper.yaml",
		fmt.Sprintf("images: [{image: %s/apps/app}]\nroots: {self-only: true}\nretention: {keep-last: 0, max-deleted: 90}\n", o.registry.Host()))
	o.publish("apps/app", "latest", "app 1")
	w := newWorkflow(t, "pull_request", merged(t, o, o.time()))
	w.now = o.time().Add(time.Minute)
	w.env["INPUT_TOKEN"], w.env["GITHUB_API_URL"], w.env["GITHUB_SERVER_URL"] = secret, o.url+"/api/v3", o.url
	writeTo(w.dir, "Dockerfile", "FROM scratch\n")
	writeTo(w.dir, ".basekeeper.yaml", "images: [{image: evil/app}]\n") // the base branch's counts
	return o, w
}

func TestActionOnMerge(t *testing.T) {
	o, w := imagesWorkflow(t)
	first := o.at("apps/app", "latest")
	outputs, log := w.step(0)
	assert.Equal(t, "on-merge", outputs["command"])
	assert.Equal(t, "true", outputs["changed"])
	assert.Equal(t, fmt.Sprintf(`["%s/apps/app:latest v1"]`, o.registry.Host()), outputs["retired"])
	assert.Contains(t, log, "bump #7 was merged")
	assert.Contains(t, w.summary(), "Retired images")
	assert.Equal(t, first, o.at("apps/app", "v1"))
	assert.Contains(t, o.ok("ledger", "show", o.registry.Host()+"/apps/app").out, "acme/app#7")

	writes := o.registryWrites(func() { outputs, _ = w.step(0) })
	assert.Empty(t, writes, "again, it does nothing")
	assert.Equal(t, "false", outputs["changed"])

	// Forty days later, a merge also prunes what that step may delete.
	o.publish("apps/app", "latest", "app 2")
	w.now = w.now.Add(40 * day)
	at := w.now
	content, err := json.Marshal(merged(t, o, at))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(w.env["GITHUB_EVENT_PATH"], []byte(strings.Replace(string(content), `"number":7`, `"number":8`, 1)), 0o600))
	w.now = at.Add(time.Minute)
	w.env["INPUT_PRUNE"] = "true"
	_, log = w.step(0)
	assert.Regexp(t, `deleted +v1 .*retired 40 days ago by acme/app#7`, log)
	assert.Contains(t, w.summary(), "basekeeper: prune")
	assert.Empty(t, o.at("apps/app", "v1"))
	assert.NotEmpty(t, o.at("apps/app", "v2"))
}

func TestActionOnMergeDryRun(t *testing.T) {
	o, w := imagesWorkflow(t)
	w.env["INPUT_DRY-RUN"] = "true"
	var outputs map[string]string
	writes := o.registryWrites(func() { outputs, _ = w.step(0) })
	assert.Empty(t, writes)
	assert.Equal(t, "[]", outputs["retired"])
	assert.Equal(t, "false", outputs["changed"])
}

// Without a configuration, the image of the repository's own name is the one,
// if it says so itself; here there is none.
func TestActionOnMergeOfNoKnownImage(t *testing.T) {
	o, w := imagesWorkflow(t)
	_, err := o.github.Push("acme/app", "main", "ada", "Own registry", hub.File{
		Path:    ".basekeeper.yaml",
		Content: []byte(fmt.Sprintf("images: [{image: %s/apps/other, repository: acme/other}]\n", o.registry.Host())),
	})
	require.NoError(t, err)
	content, err := json.Marshal(merged(t, o, o.time()))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(w.env["GITHUB_EVENT_PATH"], content, 0o600))
	outputs, log := w.step(0)
	assert.Equal(t, "[]", outputs["retired"])
	assert.Contains(t, log, "No image is known that this repository builds")
}

func TestActionRetireAndPrune(t *testing.T) {
	o, w := imagesWorkflow(t)
	writeTo(w.dir, ".basekeeper.yaml", fmt.Sprintf("images: [{image: %s/apps/app, retire: 'r{{.Next}}'}]\nroots: {self-only: true}\nretention: {keep-last: 0}\n", o.registry.Host()))
	w.env["GITHUB_EVENT_NAME"] = "push"
	w.env["INPUT_COMMAND"], w.env["INPUT_IMAGE"] = "retire", o.registry.Host()+"/apps/app"
	outputs, _ := w.step(0)
	assert.Equal(t, "retire", outputs["command"])
	assert.NotEmpty(t, o.at("apps/app", "r1"))

	o.publish("apps/app", "latest", "app 2")
	w.now = w.now.Add(40 * day)
	w.env["INPUT_COMMAND"], w.env["INPUT_IMAGE"] = "prune", ""
	var log string
	writes := o.registryWrites(func() { outputs, log = w.step(0) })
	assert.Empty(t, writes, "it only shows")
	assert.Regexp(t, `delete +r1`, log)
	assert.Equal(t, "false", outputs["changed"])
	w.env["INPUT_PRUNE"] = "true"
	outputs, _ = w.step(0)
	assert.Equal(t, "true", outputs["changed"])
	assert.Empty(t, o.at("apps/app", "r1"))

	w.env["INPUT_COMMAND"] = "retire"
	_, log = w.step(2)
	assert.Contains(t, log, "input image: retire needs")

	w.env["INPUT_COMMAND"] = "prune"
	writeTo(w.dir, ".basekeeper.yaml", fmt.Sprintf("images: [{image: %s/apps/app}]\n", o.registry.Host()))
	outputs, log = w.step(5)
	assert.Equal(t, "5", outputs["exit-status"])
	assert.Contains(t, log, "it is not known what uses the images")
	assert.FileExists(t, filepath.Join(w.dir, ".basekeeper", "cache.json"))
}
