package pipeline_test

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/pipeline"
)

var update = flag.Bool("update", false, "write golden files")

// sources are all values that GitLab documents for CI_PIPELINE_SOURCE, and two
// that it does not.
var sources = []string{
	"api", "chat", "container_registry_push", "external", "external_pull_request_event", "merge_request_event",
	"ondemand_dast_scan", "ondemand_dast_validation", "parent_pipeline", "pipeline", "push", "schedule",
	"security_orchestration_policy", "trigger", "web", "webide", "", "\x1b[2J$(reboot)",
}

// kinds are what a pipeline can be for.
var kinds = map[string]map[string]string{
	"default branch": {"CI_COMMIT_BRANCH": "main"},
	"branch":         {"CI_COMMIT_BRANCH": "topic"},
	"tag":            {"CI_COMMIT_TAG": "v1"},
	"merge request":  ownMergeRequest,
	"fork":           forkMergeRequest,
}

var ownMergeRequest = map[string]string{
	"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "1", "CI_MERGE_REQUEST_PROJECT_PATH": "acme/team/app",
	"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
}

var forkMergeRequest = with(ownMergeRequest, map[string]string{"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2"})

func with(all ...map[string]string) map[string]string {
	merged := map[string]string{}
	for _, m := range all {
		maps.Copy(merged, m)
	}
	return merged
}

// project is what every pipeline knows.
var project = map[string]string{
	"CI_PROJECT_PATH": "acme/team/app", "CI_PROJECT_ID": "1", "CI_PROJECT_DIR": "/builds/acme/team/app",
	"CI_DEFAULT_BRANCH": "main", "CI_COMMIT_SHA": strings.Repeat("c", 40),
}

func getenv(all ...map[string]string) func(string) string {
	env := with(all...)
	return func(name string) string { return env[name] }
}

func decide(t *testing.T, env ...map[string]string) job.Decision {
	t.Helper()
	of := getenv(append([]map[string]string{project}, env...)...)
	in, err := pipeline.New(of, io.Discard, time.Now).Inputs()
	require.NoError(t, err)
	e, err := pipeline.ParseEvent(of)
	require.NoError(t, err)
	return pipeline.Decide(e, in)
}

func describe(d job.Decision) string {
	text := string(d.Command)
	if d.Merged {
		text += " after a merged bump's"
	}
	if !d.Image.IsZero() {
		text += " of " + d.Image.String()
	}
	if d.Untrusted {
		text += ", untrusted"
	}
	if d.Refused {
		text += ", refused"
	}
	return fmt.Sprintf("%s: %s", text, d.Reason)
}

// TestDecide writes down the rules whole: each source, kind of pipeline and
// command.
func TestDecide(t *testing.T) {
	extras := map[string]map[string]string{
		"auto":             {"BASEKEEPER_TOKEN": "glpat-x"},
		"auto, no token":   {},
		"auto, with image": {"BASEKEEPER_TOKEN": "glpat-x", "BASEKEEPER_IMAGE": "registry.example.com/acme/base:1"},
		"bump":             {"BASEKEEPER_COMMAND": "bump"},
		"on-merge":         {"BASEKEEPER_COMMAND": "on-merge", "BASEKEEPER_TOKEN": "glpat-x"},
		"prune":            {"BASEKEEPER_COMMAND": "prune"},
	}
	var b strings.Builder
	for _, extra := range slices.Sorted(maps.Keys(extras)) {
		fmt.Fprintf(&b, "# %s\n", extra)
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			for _, source := range sources {
				if source == "merge_request_event" && kinds[kind]["CI_MERGE_REQUEST_IID"] == "" {
					continue // there is none without
				}
				d := decide(t, map[string]string{"CI_PIPELINE_SOURCE": source}, kinds[kind], extras[extra])
				fmt.Fprintf(&b, "%s, %q: %s\n", kind, source, describe(d))
			}
		}
	}
	golden(t, "testdata/decide.golden", b.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run go test -update, then read the diff")
	assert.Equal(t, string(want), got)
}

// TestUntrusted: what does not surely come from the project itself is an
// outsider's.
func TestUntrusted(t *testing.T) {
	tests := map[string]map[string]string{
		"no source project":        {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": ""},
		"no target project":        {"CI_MERGE_REQUEST_PROJECT_ID": ""},
		"neither":                  {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "", "CI_MERGE_REQUEST_PROJECT_ID": "", "CI_PROJECT_ID": ""},
		"pipeline in the fork":     {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2", "CI_PROJECT_ID": "2"},
		"project of another's":     {"CI_PROJECT_ID": "3"},
		"numbers that are similar": {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "01"},
		"child pipeline":           {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2", "CI_PIPELINE_SOURCE": "parent_pipeline", "CI_COMMIT_BRANCH": "main"},
	}
	for name, env := range tests {
		t.Run(name, func(t *testing.T) {
			for _, command := range []string{"bump", "on-merge", "retire", "prune", "check"} {
				d := decide(t, map[string]string{"CI_PIPELINE_SOURCE": "merge_request_event", "BASEKEEPER_COMMAND": command, "BASEKEEPER_TOKEN": "glpat-x"}, ownMergeRequest, env)
				assert.True(t, d.Untrusted)
				assert.False(t, d.Merged)
				assert.Contains(t, []job.Command{job.Check, job.Nothing}, d.Command)
			}
		})
	}
	assert.False(t, decide(t, map[string]string{"CI_PIPELINE_SOURCE": "merge_request_event"}, ownMergeRequest).Untrusted)
}

func TestParseEvent(t *testing.T) {
	e, err := pipeline.ParseEvent(getenv(project, ownMergeRequest, map[string]string{
		"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": strings.Repeat("d", 40),
	}))
	require.NoError(t, err)
	assert.Equal(t, pipeline.Event{
		Source: "merge_request_event", Project: "acme/team/app", Default: "main", Commit: strings.Repeat("c", 40),
		Pull: &job.Pull{Number: 7, Head: "topic", Base: "main", BaseID: strings.Repeat("d", 40), Repository: "acme/team/app"},
	}, e)

	tests := map[string]struct {
		env  map[string]string
		want string
	}{
		"project":         {map[string]string{"CI_PROJECT_PATH": "../x"}, `CI_PROJECT_PATH is "../x", which is no project's path`},
		"project's group": {map[string]string{"CI_PROJECT_PATH": "app"}, "which is no project's path"},
		"project's line":  {map[string]string{"CI_PROJECT_PATH": "acme/app\nx"}, "which is no project's path"},
		"commit":          {map[string]string{"CI_COMMIT_SHA": "HEAD"}, `CI_COMMIT_SHA is "HEAD", which is no commit`},
		"number":          {map[string]string{"CI_MERGE_REQUEST_IID": "x"}, `CI_MERGE_REQUEST_IID is "x", which is no number`},
		"no number":       {map[string]string{"CI_MERGE_REQUEST_IID": "", "CI_PIPELINE_SOURCE": "merge_request_event"}, `which is no number`},
		"negative":        {map[string]string{"CI_MERGE_REQUEST_IID": "-1"}, `which is no number`},
		"target":          {map[string]string{"CI_MERGE_REQUEST_PROJECT_PATH": ""}, `CI_MERGE_REQUEST_PROJECT_PATH is ""`},
		"no branch":       {map[string]string{"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": ""}, "do not say from where to where it goes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := pipeline.ParseEvent(getenv(project, ownMergeRequest, tt.env))
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// FuzzDecide holds what no variable may bring about.
func FuzzDecide(f *testing.F) {
	for _, source := range sources {
		f.Add(source, "auto", "main", "1", "1", "acme/app", "7", "registry.example.com/x:1")
		f.Add(source, "bump", "x", "2", "1", "a", "0", "$X")
	}
	f.Fuzz(func(t *testing.T, source, command, branch, from, to, target, number, only string) {
		env := with(project, map[string]string{
			"CI_PIPELINE_SOURCE": source, "BASEKEEPER_COMMAND": command, "CI_COMMIT_BRANCH": branch, "BASEKEEPER_TOKEN": "glpat-x", "BASEKEEPER_IMAGE": only,
			"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": from, "CI_MERGE_REQUEST_PROJECT_ID": to, "CI_MERGE_REQUEST_PROJECT_PATH": target,
			"CI_MERGE_REQUEST_IID": number, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": branch, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
		})
		e, err := pipeline.ParseEvent(getenv(env))
		in, inputErr := pipeline.New(getenv(env), io.Discard, time.Now).Inputs()
		if err != nil || inputErr != nil {
			return
		}
		d := pipeline.Decide(e, in)
		assert.NotEqual(t, job.Auto, d.Command)
		assert.NotEmpty(t, d.Reason)
		assert.Equal(t, e.Pull != nil && (from != "1" || to != "1"), d.Untrusted)
		if d.Untrusted {
			assert.Contains(t, []job.Command{job.Check, job.Nothing}, d.Command)
		}
		if d.Merged || d.Command == job.OnMerge {
			assert.Nil(t, e.Pull)
			assert.Equal(t, "main", branch)
		}
		if d.Refused {
			assert.Equal(t, job.Nothing, d.Command)
		}
	})
}
