package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// workflow is a job that runs the action in a workspace.
type workflow struct {
	*program
	dir string // the workspace
}

func newWorkflow(t *testing.T, event string, payload any) *workflow {
	t.Helper()
	w := &workflow{newProgram(t), t.TempDir()}
	files := t.TempDir()
	content, err := json.Marshal(payload)
	require.NoError(t, err)
	writeTo(files, "event.json", string(content))
	w.env["GITHUB_EVENT_NAME"], w.env["GITHUB_EVENT_PATH"] = event, filepath.Join(files, "event.json")
	w.env["GITHUB_WORKSPACE"], w.env["GITHUB_REPOSITORY"] = w.dir, "acme/app"
	w.env["GITHUB_OUTPUT"], w.env["GITHUB_STEP_SUMMARY"] = filepath.Join(files, "output"), filepath.Join(files, "summary")
	return w
}

// step runs the action and returns its outputs.
func (w *workflow) step(want int) (outputs map[string]string, log string) {
	w.t.Helper()
	_ = os.Remove(w.env["GITHUB_OUTPUT"])
	_ = os.Remove(w.env["GITHUB_STEP_SUMMARY"])
	code, log, errs := w.run(w.t.Context(), "action")
	require.Equal(w.t, want, code, log)
	assert.Empty(w.t, errs, "everything is in one log, in order")
	content, err := os.ReadFile(w.env["GITHUB_OUTPUT"])
	require.NoError(w.t, err)
	outputs = map[string]string{}
	lines := strings.Split(string(content), "\n")
	for i := 0; i+2 < len(lines); i += 3 {
		name, _, ok := strings.Cut(lines[i], "<<")
		require.True(w.t, ok, string(content))
		outputs[name] = lines[i+1]
	}
	return outputs, log
}

func (w *workflow) summary() string {
	content, err := os.ReadFile(w.env["GITHUB_STEP_SUMMARY"])
	require.NoError(w.t, err)
	return string(content)
}

var repositoryOfEvents = map[string]any{"id": 1, "full_name": "acme/app"}

func TestActionPullRequests(t *testing.T) {
	o := newOrg(t)
	old, oldTool := o.publish("debian", "12", "one"), o.publish("tool", "1", "three")
	o.repository("acme/app", kind{}, "Dockerfile",
		"FROM "+o.pin("debian", "12", old)+"\nCOPY --from="+o.pin("tool", "1", oldTool)+" /a /b\n")
	o.publish("debian", "12", "two")
	o.publish("tool", "1", "four")

	w := newWorkflow(t, "repository_dispatch", map[string]any{
		"action": "basekeeper-base-published", "repository": repositoryOfEvents,
		"client_payload": map[string]any{"image": o.registry.Host() + "/tool:1"},
	})
	w.env["INPUT_TOKEN"], w.env["GITHUB_API_URL"], w.env["GITHUB_SERVER_URL"] = secret, o.url+"/api/v3", o.url
	w.env["INPUT_DRY-RUN"] = "true"
	outputs, _ := w.step(0)
	assert.Equal(t, "1", outputs["stale"])
	assert.Equal(t, "[]", outputs["pull-requests"])
	assert.Equal(t, "false", outputs["changed"])
	assert.Empty(t, o.open("acme/app"), "a dry run opens nothing")

	delete(w.env, "INPUT_DRY-RUN")
	outputs, log := w.step(0)
	assert.Equal(t, "bump", outputs["command"])
	assert.Equal(t, "true", outputs["changed"])
	require.Len(t, o.open("acme/app"), 1, "that image alone")
	assert.NotContains(t, log, "debian")
	assert.NotContains(t, strings.ReplaceAll(log, "::add-mask::"+secret, ""), secret)
	var urls []string
	require.NoError(t, json.Unmarshal([]byte(outputs["pull-requests"]), &urls))
	require.Len(t, urls, 1)
	assert.Contains(t, w.summary(), urls[0])

	w.env["GITHUB_EVENT_NAME"] = "schedule"
	outputs, _ = w.step(0)
	assert.Len(t, o.open("acme/app"), 2, "the rest")
	assert.Equal(t, "true", outputs["changed"])
	outputs, _ = w.step(0)
	assert.Equal(t, "false", outputs["changed"], "a second run does nothing")
	assert.Equal(t, "[]", outputs["pull-requests"])

	w.env["INPUT_COMMAND"], w.env["INPUT_REPOSITORIES"] = "check", "acme/app"
	outputs, log = w.step(0)
	assert.Equal(t, "2", outputs["stale"])
	assert.Contains(t, log, "::warning file=Dockerfile,line=1,", "the repository's own lines are annotated")
	w.env["INPUT_FAIL-ON"] = "stale"
	outputs, _ = w.step(3)
	assert.Equal(t, "3", outputs["exit-status"])
}

// forkEvent is a pull request from a fork to the main branch at base.
func forkEvent(base string) map[string]any {
	return map[string]any{
		"action": "opened", "repository": repositoryOfEvents, "pull_request": map[string]any{
			"number": 7, "user": map[string]any{"login": "mallory"},
			"head": map[string]any{"ref": "x", "sha": strings.Repeat("a", 40), "repo": map[string]any{"id": 2, "full_name": "mallory/app"}},
			"base": map[string]any{"ref": "main", "sha": base, "repo": repositoryOfEvents},
		},
	}
}

// TestActionFork: what a fork's files say of the run counts for nothing.
func TestActionFork(t *testing.T) {
	for _, event := range []string{"pull_request", "pull_request_target"} {
		t.Run(event, func(t *testing.T) {
			o := newOrg(t)
			old, tool := o.publish("debian", "12", "one"), o.publish("tool", "1", "two")
			o.publish("debian", "12", "three")
			foreign, end, err := newStage(t.Context())
			require.NoError(t, err)
			defer end()
			o.repository("acme/app", kind{},
				"Dockerfile", "FROM "+o.pin("debian", "12", old)+"\n", ".basekeeper.yaml", "policies:\n  - images: [\"**/tool\"]\n    ignore: true\n")
			base, err := o.github.Branch("acme/app", "main")
			require.NoError(t, err)

			w := newWorkflow(t, event, forkEvent(base))
			w.env["INPUT_TOKEN"], w.env["GITHUB_API_URL"], w.env["GITHUB_SERVER_URL"] = secret, o.url+"/api/v3", o.url
			w.env["INPUT_COMMAND"], w.env["INPUT_IN-PLACE"] = "bump", "true"
			w.env["INPUT_REGISTRIES"] = foreign.host + " user " + canary
			w.env["CI_REGISTRY"], w.env["CI_REGISTRY_USER"], w.env["CI_REGISTRY_PASSWORD"] = o.registry.Host(), "user", canary
			dockerfile := fmt.Sprintf("FROM %s\nCOPY --from=%s/steal:1@sha256:%064d /a /b\nCOPY --from=%s /a /b\n",
				o.pin("debian", "12", old), foreign.host, 0, o.pin("tool", "1", tool))
			writeTo(w.dir, "Dockerfile", dockerfile)
			writeTo(w.dir, ".basekeeper.yaml", fmt.Sprintf("policies:\n  - ignore: true\nregistries:\n  %q:\n    mirror: %q\n", o.registry.Host(), foreign.host))
			writeTo(w.dir, ".basekeeper/cache.json", `{"poisoned":`)

			outputs, log := w.step(0)
			assert.Equal(t, "check", outputs["command"])
			assert.Equal(t, "false", outputs["changed"])
			assert.Equal(t, "1", outputs["stale"], "that the fork ignores everything is not heard")
			assert.Contains(t, log, foreign.host+" was not asked: neither the files nor the configuration of the base branch name that registry")
			assert.Contains(t, log, "ignored by policy", "the base branch's policy")
			assert.Empty(t, foreign.log, "a registry that only the fork names")
			secretFree(t, strings.ReplaceAll(log, "::add-mask::"+canary, ""), w.summary())
			content, err := os.ReadFile(filepath.Join(w.dir, "Dockerfile"))
			require.NoError(t, err)
			assert.Equal(t, dockerfile, string(content))
			content, err = os.ReadFile(filepath.Join(w.dir, ".basekeeper/cache.json"))
			require.NoError(t, err)
			assert.Equal(t, `{"poisoned":`, string(content), "neither read nor written")
		})
	}
}

func TestActionForkWithoutBase(t *testing.T) {
	o := newOrg(t)
	o.repository("acme/app", kind{}, "README", "x")
	w := newWorkflow(t, "pull_request", forkEvent(strings.Repeat("b", 40)))
	w.env["INPUT_TOKEN"], w.env["GITHUB_API_URL"], w.env["GITHUB_SERVER_URL"] = secret, o.url+"/api/v3", o.url
	outputs, log := w.step(1)
	assert.Equal(t, "1", outputs["exit-status"])
	assert.Contains(t, log, "::error::read base branch: ")

	w.env["INPUT_TOKEN"] = ""
	_, log = w.step(2)
	assert.Contains(t, log, "::error::read base branch: the input token is empty")
}

// TestActionForkConfig: the input config is about the base branch's file.
func TestActionForkConfig(t *testing.T) {
	o := newOrg(t)
	digest := o.publish("debian", "12", "one")
	o.publish("debian", "12", "two")
	o.repository("acme/app", kind{}, "ci/keeper.yaml",
		fmt.Sprintf("verify: false\nregistries:\n  %q: {plain-http: true}\n", o.registry.Host()))
	base, err := o.github.Branch("acme/app", "main")
	require.NoError(t, err)
	w := newWorkflow(t, "pull_request", forkEvent(base))
	w.env["INPUT_TOKEN"], w.env["GITHUB_API_URL"], w.env["GITHUB_SERVER_URL"] = secret, o.url+"/api/v3", o.url
	writeTo(w.dir, "Dockerfile", "FROM "+o.pin("debian", "12", digest)+"\n")
	writeTo(w.dir, "ci/keeper.yaml", "not: [a configuration\n")
	w.env["INPUT_CONFIG"] = "ci/keeper.yaml"
	outputs, _ := w.step(0)
	assert.Equal(t, "1", outputs["stale"], "the configuration names the registry")

	w.env["INPUT_CONFIG"] = "ci/other.yaml"
	_, log := w.step(2)
	assert.Contains(t, log, `input config: the base branch has no file "ci/other.yaml"`)
}

// TestActionForkWithoutLogins: where the base branch's configuration names
// variables with credentials, the registry is asked without.
func TestActionForkWithoutLogins(t *testing.T) {
	o := newOrg(t)
	digest := o.publish("debian", "12", "one")
	o.publish("debian", "12", "two")
	o.repository("acme/app", kind{}, ".basekeeper.yaml",
		fmt.Sprintf("registries:\n  %q: {plain-http: true, user-env: CORP_USER, password-env: CORP_TOKEN}\n", o.registry.Host()))
	base, err := o.github.Branch("acme/app", "main")
	require.NoError(t, err)
	w := newWorkflow(t, "pull_request", forkEvent(base))
	w.env["INPUT_TOKEN"], w.env["GITHUB_API_URL"], w.env["GITHUB_SERVER_URL"] = secret, o.url+"/api/v3", o.url
	writeTo(w.dir, "Dockerfile", "FROM "+o.pin("debian", "12", digest)+"\n")
	for name, value := range map[string]string{"as on a runner without secrets": "", "as with pull_request_target": canary} {
		t.Run(name, func(t *testing.T) {
			w.env["CORP_USER"], w.env["CORP_TOKEN"] = value, value
			outputs, log := w.step(0)
			assert.Equal(t, "1", outputs["stale"])
			secretFree(t, log, w.summary())
		})
	}
}

// TestActionLogins: the input registries gets to its registry, and nowhere else.
func TestActionLogins(t *testing.T) {
	for name, existing := range map[string]string{"alone": "", "added": `{"auths":{"other.example.com":{"auth":"eDp5"}},"proxies":{}}`, "null": `{"auths":null}`} {
		t.Run(name, func(t *testing.T) {
			s, end, err := newStage(t.Context())
			require.NoError(t, err)
			defer end()
			s.fail("401", "/v2/")
			w := newWorkflow(t, "push", map[string]any{})
			w.env["INPUT_REGISTRIES"], w.env["DOCKER_AUTH_CONFIG"] = s.host+" user "+canary, existing
			writeTo(w.dir, "Dockerfile", fmt.Sprintf("FROM %s/debian:12@sha256:%064d\n", s.host, 0))
			t.Setenv("INPUT_REGISTRIES", w.env["INPUT_REGISTRIES"])
			_, log := w.step(4)
			assert.True(t, s.sawCredentials(canary))
			_, inherited := os.LookupEnv("INPUT_REGISTRIES")
			assert.False(t, inherited, "programs that it starts would see it")
			mask := "::add-mask::" + canary + "\n"
			assert.True(t, strings.HasPrefix(log, mask))
			secretFree(t, strings.TrimPrefix(log, mask), w.summary())
			require.NoError(t, filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				content, err := os.ReadFile(path)
				secretFree(t, string(content))
				return err
			}))
		})
	}
	for _, broken := range []string{"{", `{"auths":[]}`} {
		w := newWorkflow(t, "push", map[string]any{})
		w.env["INPUT_REGISTRIES"], w.env["DOCKER_AUTH_CONFIG"] = "ghcr.io user "+canary, broken
		_, log := w.step(2)
		assert.Contains(t, log, "::error::DOCKER_AUTH_CONFIG ")
	}
}

// TestActionOutputs: the outputs that action.yml promises are all set, whatever
// happens.
func TestActionOutputs(t *testing.T) {
	content, err := os.ReadFile("../../action.yml")
	require.NoError(t, err)
	var definition struct{ Outputs map[string]any }
	require.NoError(t, yaml.Unmarshal(content, &definition))
	want := slices.Sorted(maps.Keys(definition.Outputs))
	w := newWorkflow(t, "push", map[string]any{})
	outputs, _ := w.step(0)
	assert.Equal(t, want, slices.Sorted(maps.Keys(outputs)))
	w.env["INPUT_COMMAND"] = "nosuch"
	outputs, _ = w.step(2)
	assert.Equal(t, want, slices.Sorted(maps.Keys(outputs)))
}

// TestActionOwner: root's container writes files that the steps after it, who
// are not root, can read and keep.
func TestActionOwner(t *testing.T) {
	if os.Getuid() != 0 { // then it is nobody else's files that we make
		return
	}
	const runner = 1001
	w := newWorkflow(t, "push", map[string]any{})
	require.NoError(t, os.Chown(w.dir, runner, runner))
	w.env["INPUT_SARIF-FILE"] = "a/b/found.sarif"
	w.step(0)
	for _, file := range []string{".basekeeper", ".basekeeper/cache.json", ".basekeeper/plan.json", ".basekeeper/report.md", "a/b", "a/b/found.sarif"} {
		info, err := os.Stat(filepath.Join(w.dir, file))
		require.NoError(t, err)
		assert.EqualValues(t, runner, info.Sys().(*syscall.Stat_t).Uid, file)
	}
}
