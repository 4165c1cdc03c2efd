package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// mergedApp is acme/app, whose bump was merged and whose new image was pushed
// before any run looked again, and its scheduled workflow.
func mergedApp(t *testing.T) (*org, *workflow) {
	t.Helper()
	o := newOrg(t)
	base := o.publish("base/rhel", "9", "rhel 9.0")
	o.repository("acme/app", kind{}, "Dockerfile", "FROM "+o.pin("base/rhel", "9", base)+"\n")
	o.publish("apps/app", "latest", "app 1")
	o.publish("base/rhel", "9", "rhel 9.1")
	o.bump(0, o.configured("images: [{image: REGISTRY/apps/app, repository: acme/app}]\n")...)
	o.mergeBump("acme/app")
	o.wait(time.Minute)
	o.publish("apps/app", "latest", "app 2")
	w := scheduled(t, o)
	writeTo(w.dir, "Dockerfile", "FROM scratch\n")
	writeTo(w.dir, ".basekeeper.yaml", fmt.Sprintf("images: [{image: %s/apps/app}]\nroots: {self-only: true}\nretention: {keep-last: 0, max-deleted: 90}\n", o.registry.Host()))
	return o, w
}

func TestActionCentralRun(t *testing.T) {
	for _, command := range []string{"on-merge", "auto"} {
		t.Run(command, func(t *testing.T) {
			o, w := mergedApp(t)
			w.env["INPUT_COMMAND"] = command
			outputs, log := w.step(0)
			assert.Equal(t, map[string]string{"on-merge": "on-merge", "auto": "bump"}[command], outputs["command"], log)
			assert.Equal(t, fmt.Sprintf(`["%s/apps/app:latest v1"]`, o.registry.Host()), outputs["retired"])
			assert.Equal(t, "true", outputs["changed"])
			require.NotEmpty(t, o.at("apps/app", "v1"))

			w.now = w.now.Add(40 * day)
			w.env["INPUT_PRUNE"], w.env["INPUT_DRY-RUN"] = "true", "true"
			_, log = w.step(0)
			assert.Regexp(t, `delete +v1 .*retired 40 days ago by acme/app#1`, log)
			assert.NotEmpty(t, o.at("apps/app", "v1"), "it only shows")
			w.env["INPUT_DRY-RUN"] = "false"
			outputs, log = w.step(0)
			assert.Regexp(t, `deleted +v1 .*retired 40 days ago by acme/app#1`, log)
			assert.Equal(t, "true", outputs["changed"])
			assert.Empty(t, o.at("apps/app", "v1"))
		})
	}
}

// An image that names no repository is the only one's, and of several nobody's.
func TestActionCentralRunNeedsToKnowTheRepository(t *testing.T) {
	o, w := mergedApp(t)
	o.repository("acme/another", kind{}, "Dockerfile", "FROM scratch\n")
	w.env["INPUT_ORGANIZATION"] = "acme"
	for _, command := range []string{"on-merge", "auto"} {
		w.env["INPUT_COMMAND"] = command
		_, log := w.step(2)
		assert.Contains(t, log, "say by `repository` which of the run's 2 repositories builds it")
		assert.Empty(t, o.at("apps/app", "v1"))
	}
}

// What cannot be pruned is said, and takes nothing from what was retired.
func TestActionOnMergeSaysWhatWasRetired(t *testing.T) {
	o, w := imagesWorkflow(t)
	_, err := o.github.Push("acme/app", "main", "ada", "By its label", hub.File{
		Path: ".basekeeper.yaml", Content: []byte(fmt.Sprintf("github: {registry: %q}\n", o.registry.Host())),
	})
	require.NoError(t, err)
	_, err = o.registry.Publish(t.Context(), sandbox.Image{
		Repository: "acme/app", Tag: "latest", Layer: "app", Created: o.time(),
		Labels: map[string]string{"org.opencontainers.image.source": o.url + "/acme/app"},
	})
	require.NoError(t, err)
	content, err := json.Marshal(merged(t, o, o.time()))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(w.env["GITHUB_EVENT_PATH"], content, 0o600))
	w.env["INPUT_PRUNE"] = "true"
	outputs, log := w.step(2)
	assert.Equal(t, fmt.Sprintf(`["%s/acme/app:latest v1"]`, o.registry.Host()), outputs["retired"], log)
	assert.Equal(t, "true", outputs["changed"])
	assert.Equal(t, "2", outputs["exit-status"])
	assert.NotEmpty(t, o.at("acme/app", "v1"))
}

// The merge's event records what the other images are now, too.
func TestActionOnMergeRecords(t *testing.T) {
	o, w := imagesWorkflow(t)
	_, err := o.github.Push("acme/app", "main", "ada", "Another image", hub.File{Path: ".basekeeper.yaml", Content: []byte(fmt.Sprintf(
		"images:\n  - {image: %[1]s/apps/app}\n  - {image: %[1]s/apps/other, repository: acme/other}\n", o.registry.Host()))})
	require.NoError(t, err)
	content, err := json.Marshal(merged(t, o, o.time()))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(w.env["GITHUB_EVENT_PATH"], content, 0o600))
	seen := o.publish("apps/other", "latest", "other 1")
	w.step(0)
	assert.Contains(t, o.ok("ledger", "show", o.registry.Host()+"/apps/other", "--format", "json").out, seen)
}

func TestActionInPlacePrunesNothing(t *testing.T) {
	_, w := mergedApp(t)
	w.env["INPUT_PRUNE"], w.env["INPUT_IN-PLACE"] = "true", "true"
	_, log := w.step(2)
	assert.Contains(t, log, "input prune and input in-place cannot be given together for a bump")
}

func TestPipelineCentralRun(t *testing.T) {
	r := newGitLabRun(t, "schedule", "Dockerfile", "FROM scratch\n", ".basekeeper.yaml", oneImage)
	first := r.publish("apps/app", "latest", "app 1")
	r.now = r.now.Add(time.Minute)
	r.mergeBump("keeper", "basekeeper/debian-12")
	commit, err := r.gitlab.Push("acme/team/app", "main", "ada", "Something else", lab.File{Path: "other", Content: []byte("x")})
	require.NoError(t, err)
	r.env["BASEKEEPER_COMMAND"], r.env["CI_COMMIT_SHA"] = "on-merge", commit
	outputs, log := r.perform(0)
	assert.Equal(t, "on-merge", outputs["DID"], log)
	assert.Equal(t, first, r.kept(), "though another commit is the pipeline's")
}
