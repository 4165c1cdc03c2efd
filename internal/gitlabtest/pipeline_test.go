package gitlabtest

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/enginetest"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

const componentFile = "templates/basekeeper.yml"

// component is the component with the image that was built for it, as the
// release workflow puts the published one there.
func component(t testing.TB) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", componentFile))
	require.NoError(t, err)
	const published = "default: ghcr.io/basekeeper/basekeeper:v1"
	require.Equal(t, 1, strings.Count(string(content), published))
	return strings.Replace(string(content), published, "default: "+enginetest.Image, 1)
}

// kept is what the component says that GitLab is to keep of the job.
type kept struct {
	Cache     struct{ Paths []string }
	Artifacts struct {
		Paths   []string
		Reports struct{ Dotenv, Codequality string }
	}
}

// keeps reads it from the component, whose inputs have their defaults.
func keeps(t testing.TB) (k kept) {
	t.Helper()
	head, jobs, found := strings.Cut(component(t), "\n---\n")
	require.True(t, found)
	var spec struct {
		Spec struct {
			Inputs map[string]struct{ Default any }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(head), &spec))
	for name, input := range spec.Spec.Inputs {
		if text, ok := input.Default.(string); ok {
			jobs = strings.ReplaceAll(jobs, "$[[ inputs."+name+" ]]", text)
		}
	}
	var all map[string]kept
	require.NoError(t, yaml.Unmarshal([]byte(jobs), &all))
	require.Contains(t, all, "basekeeper")
	return all["basekeeper"]
}

// afterwards is the part of a pipeline that shows what the component hands on:
// its Code Quality report, which gitlab-ci-local does not keep, and, where it is
// asked for, the outputs as a later job has them.
const afterwards = `
basekeeper:
  after_script:
    - if [ -e REPORT ]; then sed 's/^/CODEQUALITY /' REPORT; fi
    - sed 's/^/DOCKERFILE /' Dockerfile
later:
  stage: deploy
  image: {name: IMAGE, entrypoint: [""]}
  needs: [basekeeper]
  rules:
    - if: $LATER
      when: always
  script:
    - env | sed -n 's/^BASEKEEPER_/OUTPUT BASEKEEPER_/p' | grep -v TOKEN
`

// observed is a pipeline with that part added.
func observed(t testing.TB, pipeline string) string {
	t.Helper()
	return pipeline + strings.NewReplacer("REPORT", keeps(t).Artifacts.Reports.Codequality, "IMAGE", enginetest.Image).Replace(afterwards)
}

// result is what is seen of a pipeline.
type result struct {
	passed     bool
	ran        bool // its job of basekeeper was there
	log        string
	outputs    map[string]string // without BASEKEEPER_
	later      map[string]string // the same, in the job after it
	findings   []finding
	dockerfile string
	artifacts  string // folder
	cache      string // folder
}

// finding is an entry of the Code Quality report.
type finding struct {
	Description, Fingerprint, Severity string
	Check                              string `json:"check_name"`
	Location                           struct {
		Path  string
		Lines struct{ Begin int }
	}
}

// run runs the pipeline of a project's branch. The variables are GitLab's own
// and those of whoever starts the pipeline; an empty one is not set.
func (w *world) run(path, branch string, variables map[string]string) result {
	w.t.Helper()
	dir := w.checkout(path, branch)
	state := filepath.Join(dir, ".gitlab-ci-local")
	for _, old := range []string{"output", "artifacts", "builds"} { // not the cache
		require.NoError(w.t, os.RemoveAll(filepath.Join(state, old)))
	}
	all := map[string]string{
		"GITLAB_CI": "true", "BASEKEEPER_TOKEN": token,
		"CI_REGISTRY": w.registry.Host(), "CI_REGISTRY_IMAGE": w.registry.Host() + "/" + path,
	}
	maps.Copy(all, variables)
	args := []string{
		"--network", "host", "--pull-policy", "if-not-present", "--helper-image", helperImage,
		"--no-artifacts-to-source", "--home", w.dir,
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] == "" {
			args = append(args, "--unset-variable", name)
		} else {
			args = append(args, "--variable", name+"="+all[name])
		}
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.program, args...)
	cmd.Dir = dir
	cmd.Env = append(w.engine.Environ(), "HOME="+w.t.TempDir(), "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	assert.NotContains(w.t, string(out), token)
	r := w.read(state)
	r.passed = err == nil
	if !r.ran {
		r.log += string(out)
	}
	return r
}

// read reads what gitlab-ci-local leaves of a pipeline.
func (w *world) read(state string) (r result) {
	w.t.Helper()
	r.artifacts = filepath.Join(state, "artifacts", "basekeeper")
	r.cache = filepath.Join(state, "cache")
	log, err := os.ReadFile(filepath.Join(state, "output", "basekeeper.log"))
	r.ran, r.log = err == nil, string(log)
	later, _ := os.ReadFile(filepath.Join(state, "output", "later.log")) // not every pipeline has it
	r.later = outputs(marked(string(later), "OUTPUT "))
	dotenv, _ := os.ReadFile(filepath.Join(r.artifacts, ".gitlab-ci-reports", "dotenv", filepath.FromSlash(keeps(w.t).Artifacts.Reports.Dotenv)))
	r.outputs = outputs(string(dotenv))
	r.dockerfile = marked(r.log, "DOCKERFILE ")
	if report := marked(r.log, "CODEQUALITY "); report != "" {
		require.NoError(w.t, json.Unmarshal([]byte(report), &r.findings), "%s", report)
	}
	return r
}

// marked returns the lines that begin with a mark, without it.
func marked(text, mark string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, mark); ok {
			b.WriteString(rest)
		}
	}
	return b.String()
}

// outputs reads a dotenv report.
func outputs(dotenv string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(dotenv) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		all[strings.TrimPrefix(name, "BASEKEEPER_")] = value
	}
	return all
}

// report is the report among the artifacts.
func (w *world) report(r result) string {
	w.t.Helper()
	content, err := os.ReadFile(filepath.Join(r.artifacts, ".basekeeper", "report.md"))
	require.NoError(w.t, err, "%s", r.log)
	return string(content)
}

// The variables that GitLab sets in pipelines of each kind.
func by(source string) map[string]string {
	return map[string]string{"CI_PIPELINE_SOURCE": source, "CI_PIPELINE_ID": "1"}
}

func (w *world) byMergeRequest(path string, m lab.MergeRequest) map[string]string {
	variables := by("merge_request_event")
	maps.Copy(variables, map[string]string{
		"CI_COMMIT_BRANCH": "", "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_PROJECT_ID": "1", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
		"CI_MERGE_REQUEST_IID": strconv.Itoa(m.IID), "CI_MERGE_REQUEST_PROJECT_PATH": path,
		"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": path, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": m.Source,
		"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": m.Target,
	})
	return variables
}
