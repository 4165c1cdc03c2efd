package gitlabtest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/enginetest"
)

// TestMirror holds the pipeline of the project's own mirrors to GitLab's schema,
// which gitlab-ci-local has, and to the jobs that are meant to run when.
func TestMirror(t *testing.T) {
	program, err := enginetest.Tool("BASEKEEPER_GITLAB_CI_LOCAL", "gitlab-ci-local")
	enginetest.OrSkip(t, err)
	dir := t.TempDir()
	for _, name := range []string{".gitlab-ci.yml", componentFile} {
		content, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o644))
	}
	for _, args := range [][]string{{"init", "--quiet", "--initial-branch", "main"}, {"add", "."}} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}

	tests := map[string]struct {
		variables []string
		want      []string
	}{
		"push":          {[]string{"--variable", "CI_PIPELINE_SOURCE=push"}, []string{"program", "basekeeper", "tests"}},
		"schedule":      {[]string{"--variable", "CI_PIPELINE_SOURCE=schedule"}, []string{"program", "tests"}},
		"merge request": {[]string{"--variable", "CI_PIPELINE_SOURCE=merge_request_event", "--unset-variable", "CI_COMMIT_BRANCH"}, []string{"program", "basekeeper", "tests"}},
		"release": {
			[]string{"--variable", "CI_PIPELINE_SOURCE=push", "--variable", "CI_COMMIT_TAG=v1.2.3", "--unset-variable", "CI_COMMIT_BRANCH"},
			[]string{"program", "tests", "component"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), program, append(tt.variables, "--list-json")...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "NO_COLOR=1", "GCL_IGNORE_PREDEFINED_VARS=CI_PIPELINE_SOURCE,CI_COMMIT_TAG")
			var said bytes.Buffer
			cmd.Stderr = &said
			out, err := cmd.Output()
			require.NoError(t, err, "%s", &said)
			var jobs []struct{ Name, When string }
			require.NoError(t, json.Unmarshal(out, &jobs), "%s", out)
			var got []string
			for _, job := range jobs {
				if job.When != "never" {
					got = append(got, job.Name)
				}
			}
			assert.ElementsMatch(t, tt.want, got)
		})
	}
}
