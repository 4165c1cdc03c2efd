package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestApplyOnItsForge: a plan that was saved knows which forge it is for.
func TestApplyOnItsForge(t *testing.T) {
	r := bumps(t, "push")
	file := filepath.Join(t.TempDir(), "plan.json")
	code, _, errs := r.run(t.Context(), "plan", "--forge", "gitlab", "--repository", "acme/team/app", "-o", file)
	require.Equal(t, 0, code, errs)
	assert.Zero(t, r.gitlab.Writes())

	code, _, errs = r.run(t.Context(), "apply", file, r.dir)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "the plan is for repositories on GitLab: it needs no folder")
	r.env["GITHUB_TOKEN"] = secret
	code, _, errs = r.run(t.Context(), "apply", file, "--forge", "github")
	assert.Equal(t, 1, code)
	assert.Contains(t, errs, "the plan is for GitLab and this run is for GitHub")
	assert.Empty(t, r.open())

	code, out, errs := r.run(t.Context(), "apply", file)
	require.Equal(t, 0, code, errs)
	assert.Contains(t, out, "Merge requests: 2 opened.")
	assert.Contains(t, errs, "GitLab: ")
	assert.Len(t, r.open(), 2)

	content, err := os.ReadFile(file)
	require.NoError(t, err)
	hub := strings.Replace(string(content), `"flavor": "gitlab"`, `"flavor": ""`, 1)
	require.NotEqual(t, string(content), hub)
	require.NoError(t, os.WriteFile(file, []byte(hub), 0o600))
	r.env["GITLAB_CI"], r.env["BASEKEEPER_TOKEN"], r.env["GITHUB_TOKEN"] = "true", "", ""
	code, _, errs = r.run(t.Context(), "apply", file)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "no credentials for GitHub", "also in a GitLab pipeline")
}

// TestPruneAsksTheRunsGitLab: tags of GitLab's registry are deleted by the API
// of the GitLab that the run is about, below the path that it is under.
func TestPruneAsksTheRunsGitLab(t *testing.T) {
	r := newGitLabRun(t, "push", "Dockerfile", "FROM scratch\n")
	var mu sync.Mutex
	var asked []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, req.URL.Path)
		http.NotFound(w, req)
	}))
	t.Cleanup(elsewhere.Close)
	host := r.registry.Host()
	r.env["KEEPER"], r.env["PASSWORD"] = "keeper", canary
	config := "images: [{image: HOST/apps/app}]\nroots: {self-only: true}\nretention: {keep-for: 1h, keep-last: 0, minimum-age: 1h, max-deleted: 90}\n" +
		"registries: {\"HOST\": {user-env: KEEPER, password-env: PASSWORD}}\n"
	t.Chdir(t.TempDir())
	writeTo(".", "Dockerfile", "FROM scratch\n")
	file := "run.yaml"
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(config, "HOST", host)), 0o600))
	r.publish("apps/app", "latest", "app 1")
	code, _, errs := r.run(t.Context(), "retire", host+"/apps/app", "--config", file)
	require.Equal(t, 0, code, errs)
	r.publish("apps/app", "latest", "app 2")
	r.now = r.now.Add(3 * time.Hour)

	r.env["CI_REGISTRY"] = host
	code, _, errs = r.run(t.Context(), "prune", "--config", file, "--yes", "--gitlab-url", elsewhere.URL+"/gitlab")
	assert.Equal(t, 1, code, errs)
	require.NotEmpty(t, asked)
	for _, path := range asked {
		assert.Contains(t, path, "/gitlab/api/v4/")
	}
	assert.NotContains(t, errs, canary)
	assert.NotEmpty(t, r.kept(), "that GitLab knows of no such image")

	asked = nil
	r.gitlab.ResetRequests()
	_, _, errs = r.run(t.Context(), "prune", "--config", file, "--yes")
	assert.Empty(t, asked, errs)
	assert.NotEmpty(t, r.gitlab.Requests(), "the pipeline's own")
}

// TestNoForgeNeeded: what is about registries alone does not ask which forge is
// meant.
func TestNoForgeNeeded(t *testing.T) {
	r := newGitLabRun(t, "push", "Dockerfile", "FROM scratch\n")
	file := filepath.Join(t.TempDir(), "run.yaml")
	require.NoError(t, os.WriteFile(file, []byte("{github: {url: 'https://a.corp'}, gitlab: {url: 'https://b.corp'}}"), 0o600))
	first := r.publish("apps/app", "latest", "app 1")
	code, _, errs := r.run(t.Context(), "retire", r.registry.Host()+"/apps/app", "--config", file)
	require.Equal(t, 0, code, errs)
	assert.Equal(t, first, r.kept())

	code, _, errs = r.run(t.Context(), "on-merge", "acme/app#1", "--config", file)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "it is not clear which forge is meant: say --forge")
}
