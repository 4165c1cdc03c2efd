package gitlabtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

const app = "acme/team/app"

// include is a pipeline that is the component alone.
const include = "include:\n  - local: " + componentFile + "\n"

// settings is a configuration that claims the published image.
func (w *world) settings() string {
	return fmt.Sprintf("images:\n  - image: %s/apps/app\nretention: {keep-for: 1h, minimum-age: 1h}\nroots: {self-only: true}\n", w.registry.Host())
}

func TestComponent(t *testing.T) {
	w := newWorld(t)
	w.gitlab.AddToken(token, lab.Token{Kind: lab.ProjectToken, Projects: []string{app}, Role: lab.Developer})
	old, oldTool := w.publish("debian", "12", "one"), w.publish("tool", "1", "three")
	dockerfile := "FROM " + w.pin("debian", "12", old) + "\nCOPY --from=" + w.pin("tool", "1", oldTool) + " /a /b\n"
	w.project(app, observed(t, include), map[string]string{"Dockerfile": dockerfile, ".basekeeper.yaml": w.settings()})
	now, nowTool := w.publish("debian", "12", "two"), w.publish("tool", "1", "four")

	w.sub("merge request", func(w *world) { w.mergeRequest(now) })
	w.sub("trigger", func(w *world) {
		variables := by("trigger")
		variables["BASEKEEPER_IMAGE"] = w.registry.Host() + "/tool:1"
		r := w.run(app, "main", variables)
		assert.True(w.t, r.passed, r.log)
		assert.Equal(w.t, "bump", r.outputs["DID"], r.log)
		assert.Equal(w.t, "true", r.outputs["CHANGED"])
		assert.Len(w.t, w.bumps(app), 1, "that image alone")
	})
	w.sub("schedule", (*world).schedule)
	w.sub("merge", (*world).merge)
	w.sub("in place", func(w *world) {
		w.change(app, "place", map[string]string{".gitlab-ci.yml": observed(w.t, include+"    inputs: {in-place: true}\n"), "Dockerfile": dockerfile})
		r := w.run(app, "place", by("schedule"))
		assert.True(w.t, r.passed, r.log)
		want := strings.NewReplacer(string(old), string(now), string(oldTool), string(nowTool)).Replace(dockerfile)
		assert.Equal(w.t, want, r.dockerfile, "the script after it sees the files")
	})
	w.sub("nothing to do", func(w *world) {
		r := w.run(app, "main", map[string]string{"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_TAG": "v1", "CI_COMMIT_BRANCH": ""})
		assert.False(w.t, r.ran, "no job for a tag")
	})
	w.sub("a mistake", func(w *world) {
		variables := by("schedule")
		variables["BASEKEEPER_FAIL_ON"] = "sometimes"
		r := w.run(app, "main", variables)
		assert.False(w.t, r.passed)
		assert.Equal(w.t, "2", r.outputs["EXIT_STATUS"], r.log)
		assert.Contains(w.t, r.log, `variable BASEKEEPER_FAIL_ON: "sometimes" is none of`)
	})
}

// mergeRequest is a look at what is stale: remarks, reports, and no more.
func (w *world) mergeRequest(now image.Digest) {
	t := w.t
	w.change(app, "feature", map[string]string{".gitlab-ci.yml": observed(t, include+"    inputs: {fail-on: stale}\n")})
	iid, err := w.gitlab.OpenMergeRequest(app, "alice", "feature", "main", "A feature", "")
	require.NoError(t, err)
	variables := w.byMergeRequest(app, lab.MergeRequest{IID: iid, Source: "feature", Target: "main"})
	writes := w.gitlab.Writes()

	variables["LATER"] = "yes"
	r := w.run(app, "feature", variables)
	assert.False(t, r.passed)
	assert.Equal(t, r.outputs, r.later, "a later job reads the outputs of one that has failed, too")
	assert.Equal(t, "check", r.outputs["DID"], r.log)
	assert.Equal(t, "2", r.outputs["STALE"])
	assert.Equal(t, "3", r.outputs["EXIT_STATUS"])
	assert.Contains(t, r.log, "its tag points at "+now.Short())
	assert.Contains(t, w.report(r), "`Dockerfile:1`")
	if assert.Len(t, r.findings, 2) {
		assert.Equal(t, "Dockerfile", r.findings[0].Location.Path)
		assert.Equal(t, 1, r.findings[0].Location.Lines.Begin)
		assert.NotEmpty(t, r.findings[0].Description+r.findings[0].Check+r.findings[0].Severity)
		assert.NotEqual(t, r.findings[0].Fingerprint, r.findings[1].Fingerprint)
	}
	w.kept(r)

	variables["BASEKEEPER_FAIL_ON"], variables["LATER"] = "none", ""
	r = w.run(app, "feature", variables)
	assert.True(t, r.passed, r.log)
	assert.Equal(t, "2", r.outputs["STALE"])
	assert.Equal(t, writes, w.gitlab.Writes(), "a check writes nothing")
}

// kept holds what is left of a job to what the component says.
func (w *world) kept(r result) {
	t := w.t
	t.Helper()
	says := keeps(t)
	require.NotEmpty(t, says.Artifacts.Paths)
	for _, name := range says.Artifacts.Paths {
		assert.FileExists(t, filepath.Join(r.artifacts, filepath.FromSlash(name)))
	}
	assert.FileExists(t, filepath.Join(r.artifacts, ".gitlab-ci-reports", "dotenv", filepath.FromSlash(says.Artifacts.Reports.Dotenv)))
	caches, err := os.ReadDir(r.cache)
	require.NoError(t, err)
	require.NotEmpty(t, caches)
	require.NotEmpty(t, says.Cache.Paths)
	for _, name := range says.Cache.Paths {
		assert.FileExists(t, filepath.Join(r.cache, caches[0].Name(), filepath.FromSlash(name)))
	}
}

// schedule opens merge requests, once.
func (w *world) schedule() {
	t := w.t
	variables := by("schedule")
	variables["LATER"] = "yes"
	r := w.run(app, "main", variables)
	assert.True(t, r.passed, r.log)
	assert.Equal(t, "bump", r.outputs["DID"], r.log)
	assert.Equal(t, r.outputs, r.later, "a later job reads the outputs")
	assert.Equal(t, "true", r.outputs["CHANGED"])
	bumps := w.bumps(app)
	require.Len(t, bumps, 2)
	var urls []string
	require.NoError(t, json.Unmarshal([]byte(r.outputs["MERGE_REQUESTS"]), &urls), "%s", r.log)
	require.Len(t, urls, 1, "the other one was there")
	assert.Equal(t, bumps[1].URL, strings.Replace(urls[0], w.url, "https://gitlab.com", 1))
	assert.Contains(t, w.report(r), urls[0])
	w.kept(r)

	writes := w.gitlab.Writes()
	r = w.run(app, "main", by("schedule"))
	assert.True(t, r.passed, r.log)
	assert.Equal(t, "false", r.outputs["CHANGED"])
	assert.Equal(t, writes, w.gitlab.Writes())
}

// merge retires what a merged bump is about to replace, once.
func (w *world) merge() {
	t := w.t
	bumps := w.bumps(app)
	require.Len(t, bumps, 2)
	published := w.publish("apps/app", "latest", "app 1")
	w.merged(app, bumps[0].IID)

	r := w.run(app, "main", by("push"))
	assert.True(t, r.passed, r.log)
	assert.Equal(t, "on-merge", r.outputs["DID"], r.log)
	assert.Equal(t, "true", r.outputs["CHANGED"])
	assert.Equal(t, fmt.Sprintf(`["%s/apps/app:latest\u0020v1"]`, w.registry.Host()), r.outputs["RETIRED"])
	assert.Contains(t, w.report(r), "Retired images")
	assert.Equal(t, published, w.at("apps/app", "v1"))

	w.publish("apps/app", "latest", "app 2")
	r = w.run(app, "main", by("push"))
	assert.True(t, r.passed, r.log)
	assert.Equal(t, "false", r.outputs["CHANGED"], "once more for the same merge it does nothing: %s", r.log)
	assert.Empty(t, w.at("apps/app", "v2"))

	w.change(app, "main", map[string]string{"NEWS": "news\n"})
	r = w.run(app, "main", by("push"))
	assert.True(t, r.passed, r.log)
	assert.Equal(t, "check", r.outputs["DID"], "no bump brought this: %s", r.log)
	assert.Equal(t, "1", r.outputs["STALE"])
}

// bumps are the open merge requests that are basekeeper's, oldest first.
func (w *world) bumps(path string) (bumps []lab.MergeRequest) {
	for _, m := range w.opened(path) {
		if strings.HasPrefix(m.Source, "basekeeper/") {
			bumps = append(bumps, m)
		}
	}
	return bumps
}
