package cli_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// gitlabRun is a job of acme/team/app on a sandbox GitLab, with a registry.
type gitlabRun struct {
	*pipelineJob
	gitlab   *lab.Server
	registry *sandbox.Registry
}

func newGitLabRun(t *testing.T, source string, files ...string) *gitlabRun {
	t.Helper()
	r := &gitlabRun{pipelineJob: newPipelineJob(t)}
	var err error
	r.registry, err = sandbox.StartRegistry(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.registry.Close() })
	r.gitlab = lab.New(lab.Options{Now: func() time.Time { return r.now }})
	server := httptest.NewServer(spectest.WrapGitLab(t, r.gitlab.Handler()))
	t.Cleanup(server.Close)
	r.gitlab.AddGroup("acme/team")
	r.gitlab.AddUser("ada")
	r.gitlab.AddToken(secret, lab.Token{Login: "keeper", Kind: lab.PersonalToken})
	require.NoError(t, r.gitlab.CreateProject("acme/team/app", lab.ProjectOptions{}, r.files(files)...))
	maps.Copy(r.env, map[string]string{
		"CI_PIPELINE_SOURCE": source, "BASEKEEPER_TOKEN": secret, "CI_SERVER_URL": server.URL, "CI_API_V4_URL": server.URL + "/api/v4",
	})
	r.checkOut("main")
	return r
}

// files are given as path, content, path, …; HOST in them is the registry's.
func (r *gitlabRun) files(given []string) []lab.File {
	var all []lab.File
	for i := 0; i < len(given); i += 2 {
		all = append(all, lab.File{Path: given[i], Content: []byte(strings.ReplaceAll(given[i+1], "HOST", r.registry.Host()))})
	}
	return all
}

// checkOut makes the job one of a branch at its commit now.
func (r *gitlabRun) checkOut(branch string) {
	r.t.Helper()
	commit, err := r.gitlab.Branch("acme/team/app", branch)
	require.NoError(r.t, err)
	r.env["CI_COMMIT_BRANCH"], r.env["CI_COMMIT_SHA"] = branch, commit
	for _, name := range []string{"Dockerfile", ".basekeeper.yaml"} {
		content, err := r.gitlab.File("acme/team/app", branch, name)
		if err != nil {
			continue // it has none
		}
		require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, name), content, 0o600))
	}
}

// publish moves a tag to the image of a layer and returns its digest.
func (r *gitlabRun) publish(repository, tag, layer string) image.Digest {
	r.t.Helper()
	d, err := r.registry.Publish(r.t.Context(), sandbox.Image{Repository: repository, Tag: tag, Layer: layer, Created: r.now})
	require.NoError(r.t, err)
	return d
}

// TestPipelineFork: what a fork's files say of the run counts for nothing.
func TestPipelineFork(t *testing.T) {
	for name, command := range map[string]string{"auto": "", "bump": "bump", "on-merge": "check"} {
		t.Run(name, func(t *testing.T) {
			r := newGitLabRun(t, "merge_request_event", "Dockerfile", "FROM HOST/debian:12\n",
				".basekeeper.yaml", "policies:\n  - images: [\"**/tool\"]\n    ignore: true\n")
			old, tool := r.publish("debian", "12", "one"), r.publish("tool", "1", "two")
			r.publish("debian", "12", "three")
			foreign, end, err := newStage(t.Context())
			require.NoError(t, err)
			defer end()
			host := r.registry.Host()
			maps.Copy(r.env, mergeRequestOf("2"))
			r.env["BASEKEEPER_COMMAND"], r.env["BASEKEEPER_IN_PLACE"] = command, "true"
			r.env["BASEKEEPER_REGISTRIES"] = foreign.host + " user " + canary
			r.env["CI_REGISTRY"], r.env["CI_REGISTRY_USER"], r.env["CI_REGISTRY_PASSWORD"] = host, "user", canary
			dockerfile := fmt.Sprintf("FROM %[1]s/debian:12@%s\nCOPY --from=%s/steal:1@sha256:%064d /a /b\nCOPY --from=%[1]s/tool:1@%s /a /b\n", host, old, foreign.host, 0, tool)
			writeTo(r.dir, "Dockerfile", dockerfile)
			writeTo(r.dir, ".basekeeper.yaml", fmt.Sprintf("policies:\n  - ignore: true\nregistries:\n  %q:\n    mirror: %q\n", host, foreign.host))
			writeTo(r.dir, ".basekeeper/cache.json", `{"poisoned":`)

			outputs, log := r.perform(0)
			assert.Equal(t, "check", outputs["DID"])
			assert.Equal(t, "1", outputs["STALE"], "that the fork ignores everything is not heard")
			assert.Contains(t, log, foreign.host+" was not asked: neither the files nor the configuration of the base branch name that registry")
			assert.Contains(t, log, "ignored by policy", "the base branch's policy")
			assert.Empty(t, foreign.log, "a registry that only the fork names")
			content, err := os.ReadFile(filepath.Join(r.dir, "Dockerfile"))
			require.NoError(t, err)
			assert.Equal(t, dockerfile, string(content))
			assert.Equal(t, `{"poisoned":`, r.file("cache.json"), "neither read nor written")
			assert.Zero(t, r.gitlab.Writes())
		})
	}
}

// TestPipelineForkOwnAuthority: what a fork uses of the installation's own
// registry is asked, without a login, also where the authority is its own.
func TestPipelineForkOwnAuthority(t *testing.T) {
	r := newGitLabRun(t, "merge_request_event")
	server, ca := ownAuthority(t, behindTLS(t, "http://"+r.registry.Host()))
	host := strings.TrimPrefix(server.URL, "https://")
	pin := "FROM " + host + "/debian:12@" + string(r.publish("debian", "12", "one")) + "\n"
	r.publish("debian", "12", "two")
	_, err := r.gitlab.Push("acme/team/app", "main", "ada", "Use it", lab.File{Path: "Dockerfile", Content: []byte(pin)})
	require.NoError(t, err)
	writeTo(r.dir, "Dockerfile", pin)
	maps.Copy(r.env, mergeRequestOf("2"))
	r.env["CI_REGISTRY"], r.env["CI_SERVER_TLS_CA_FILE"] = host, ca
	outputs, log := r.perform(0)
	assert.Equal(t, "1", outputs["STALE"], log)
}

// TestPipelineForkBase: which commit of the target branch is read, and what is
// said where none can be.
func TestPipelineForkBase(t *testing.T) {
	r := newGitLabRun(t, "merge_request_event", "Dockerfile", "FROM HOST/debian:12\n", "ci/keeper.yaml", "verify: false\n")
	maps.Copy(r.env, mergeRequestOf("2"))
	r.env["BASEKEEPER_CONFIG"] = "ci/keeper.yaml"
	r.perform(0)
	before, err := r.gitlab.Branch("acme/team/app", "main")
	require.NoError(t, err)
	_, err = r.gitlab.Push("acme/team/app", "main", "ada", "Break it", lab.File{Path: "ci/keeper.yaml", Content: []byte("not: [a configuration\n")})
	require.NoError(t, err)
	_, log := r.perform(2)
	assert.Contains(t, log, "the base branch's ci/keeper.yaml", "as it is now")
	r.env["CI_MERGE_REQUEST_TARGET_BRANCH_SHA"] = before
	r.perform(0)

	r.env["BASEKEEPER_CONFIG"] = "ci/other.yaml"
	_, log = r.perform(2)
	assert.Contains(t, log, `variable BASEKEEPER_CONFIG: the base branch has no file "ci/other.yaml"`)
	r.env["CI_MERGE_REQUEST_TARGET_BRANCH_SHA"], r.env["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] = "", "gone"
	_, log = r.perform(1)
	assert.Contains(t, log, `read base branch: acme/team/app has no branch "gone"`)

	r.env["BASEKEEPER_TOKEN"] = ""
	outputs, log := r.perform(0)
	assert.Equal(t, "nothing", outputs["DID"], "pipelines of forks have no token, and do not fail for that")
	assert.Contains(t, log, "there is no token to read the configuration")
}

const oneImage = "images: [{image: HOST/apps/app}]\nroots: {self-only: true}\nretention: {keep-last: 0, max-deleted: 90}\n"

// mergeBump has a bump's branch merged by ada, and the job be that of the merge.
func (r *gitlabRun) mergeBump(by, branch string) {
	r.t.Helper()
	_, err := r.gitlab.Push("acme/team/app", branch, by, "Bump", lab.File{Path: "Dockerfile", Content: []byte("FROM scratch\n# " + r.now.String() + "\n")})
	require.NoError(r.t, err)
	iid, err := r.gitlab.OpenMergeRequest("acme/team/app", by, branch, "main", "Bump", "")
	require.NoError(r.t, err)
	require.NoError(r.t, r.gitlab.MergeMergeRequest("acme/team/app", iid, "ada"))
	r.checkOut("main")
}

// kept is what tag v1 of apps/app points at; empty where there is none.
func (r *gitlabRun) kept() image.Digest {
	r.t.Helper()
	d, err := r.registry.Digest(r.t.Context(), "apps/app", "v1")
	require.NoError(r.t, err)
	return d
}

func TestPipelineOnMerge(t *testing.T) {
	r := newGitLabRun(t, "push", "Dockerfile", "FROM scratch\n", ".basekeeper.yaml", oneImage)
	first := r.publish("apps/app", "latest", "app 1")
	r.now = r.now.Add(time.Minute)
	outputs, log := r.perform(0)
	assert.Equal(t, "check", outputs["DID"])
	assert.Contains(t, log, "No merged bump brought "+r.env["CI_COMMIT_SHA"][:10]+".")

	r.mergeBump("keeper", "basekeeper/debian-12")
	r.env["BASEKEEPER_DRY_RUN"] = "true"
	outputs, _ = r.perform(0)
	assert.Equal(t, "on-merge", outputs["DID"])
	assert.Equal(t, "[]", outputs["RETIRED"])
	assert.Empty(t, r.kept())

	delete(r.env, "BASEKEEPER_DRY_RUN")
	outputs, log = r.perform(0)
	assert.Equal(t, "true", outputs["CHANGED"])
	assert.Equal(t, fmt.Sprintf(`["%s/apps/app:latest\u0020v1"]`, r.registry.Host()), outputs["RETIRED"])
	assert.Contains(t, log, ":basekeeper_retired\r")
	assert.Contains(t, log, ":basekeeper_plan\r", "and a look at what is stale")
	assert.Contains(t, r.file("report.md"), "Retired images")
	assert.Equal(t, first, r.kept())
	assert.Zero(t, r.gitlab.Writes())

	_, ledger, _ := r.run(t.Context(), "ledger", "show", r.registry.Host()+"/apps/app")
	assert.Contains(t, ledger, "acme/team/app!1")

	outputs, _ = r.perform(0)
	assert.Equal(t, "false", outputs["CHANGED"], "again, it does nothing")
	assert.Equal(t, "on-merge", outputs["DID"])
}

// TestPipelineOnMergeOfOthers: what only looks like a bump is none.
func TestPipelineOnMergeOfOthers(t *testing.T) {
	r := newGitLabRun(t, "push", "Dockerfile", "FROM scratch\n", ".basekeeper.yaml", oneImage)
	r.publish("apps/app", "latest", "app 1")
	r.now = r.now.Add(time.Minute)
	r.mergeBump("keeper", "topic")
	outputs, log := r.perform(0)
	assert.Equal(t, "check", outputs["DID"])
	assert.Contains(t, log, "No merged bump brought ")

	r.mergeBump("mallory", "basekeeper/debian-12")
	outputs, log = r.perform(0)
	assert.Equal(t, "check", outputs["DID"])
	assert.Contains(t, log, "Merge request !2 is by mallory, who is not among the bump-authors (keeper).")
	r.env["BASEKEEPER_COMMAND"] = "on-merge"
	outputs, _ = r.perform(0)
	assert.Equal(t, "nothing", outputs["DID"])
	assert.Empty(t, r.kept())

	r.env["BASEKEEPER_BUMP_AUTHORS"] = "keeper, Mallory"
	outputs, _ = r.perform(0)
	assert.Equal(t, "on-merge", outputs["DID"])
	assert.NotEmpty(t, r.kept())

	r.env["BASEKEEPER_TOKEN"] = ""
	_, log = r.perform(2)
	assert.Contains(t, log, "variable BASEKEEPER_TOKEN is empty")
	r.env["BASEKEEPER_COMMAND"] = ""
	outputs, log = r.perform(0)
	assert.Equal(t, "check", outputs["DID"])
	assert.Contains(t, log, "for which there is no token")
}
