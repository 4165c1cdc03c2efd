package action_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/action"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/job"
)

var update = flag.Bool("update", false, "write golden files")

// decideCase is a file of testdata/decide.
type decideCase struct {
	Event   string            `json:"event"`
	Inputs  map[string]string `json:"inputs"`
	Payload json.RawMessage   `json:"payload"`
}

// environment returns the environment of a step with these inputs.
func environment(inputs, others map[string]string) func(string) string {
	env := map[string]string{"GITHUB_WORKSPACE": "/github/workspace"}
	for name, value := range others {
		env[name] = value
	}
	for name, value := range inputs {
		env["INPUT_"+strings.ToUpper(name)] = value
	}
	return func(name string) string { return env[name] }
}

func TestDecide(t *testing.T) {
	cases, err := filepath.Glob("testdata/decide/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, file := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			var c decideCase
			require.NoError(t, json.Unmarshal(content, &c))
			in, err := action.New(environment(c.Inputs, nil), io.Discard).Inputs()
			require.NoError(t, err)
			event, err := action.ParseEvent(c.Event, c.Payload)
			require.NoError(t, err)
			got := describe(action.Decide(event, in))
			golden := strings.TrimSuffix(file, ".json") + ".golden"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err, "run go test -update, then read the diff")
			assert.Equal(t, string(want), got)
		})
	}
}

func describe(d job.Decision) string {
	text := string(d.Command)
	if !d.Image.IsZero() {
		text += " " + d.Image.String()
	}
	if d.Untrusted {
		text += ", untrusted"
	}
	if d.Refused {
		text += ", refused"
	}
	return fmt.Sprintf("%s\n%s\n", text, d.Reason)
}

func TestParseEventErrors(t *testing.T) {
	const (
		repo = `{"id":1,"full_name":"acme/app"}`
		base = `"base":{"ref":"main","sha":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","repo":` + repo + `}`
	)
	tests := map[string]struct{ event, payload, want string }{
		"no JSON":            {"push", `{"ref"`, `parse event "push": unexpected end of JSON input`},
		"other JSON":         {"push", `[]`, "cannot unmarshal array"},
		"repository's name":  {"push", `{"repository":{"full_name":"../../x"}}`, `its repository is "../../x"`},
		"no pull request":    {"pull_request", `{"action":"opened"}`, "it has no pull_request"},
		"empty pull request": {"pull_request", `{"pull_request":{}}`, "does not say from where to where"},
		"no base repository": {"pull_request", `{"pull_request":{"head":{"ref":"x"},"base":{"ref":"main","sha":"x"}}}`, "does not say from where to where"},
		"base is no commit":  {"pull_request", `{"pull_request":{"head":{"ref":"x"},"base":{"ref":"main","sha":"HEAD","repo":` + repo + `}}}`, `its base is at "HEAD", which is no commit`},
		"base's repository":  {"pull_request_target", `{"pull_request":{"head":{"ref":"x"},"base":{"ref":"main","sha":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","repo":{"full_name":"a"}}}}`, `its base is in "a"`},
		"number":             {"pull_request", `{"pull_request":{"number":"seven","head":{"ref":"x"},` + base + `}}`, "cannot unmarshal string"},
		"deep":               {"push", strings.Repeat(`{"a":`, 20_000), "exceeded max depth"},
		"large":              {"push", strings.Repeat(" ", action.MaxEvent+1), "larger than 25 MiB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := action.ParseEvent(tt.event, []byte(tt.payload))
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// FuzzDecide holds what no payload may bring about.
func FuzzDecide(f *testing.F) {
	cases, err := filepath.Glob("testdata/decide/*.json")
	require.NoError(f, err)
	for _, file := range cases {
		content, err := os.ReadFile(file)
		require.NoError(f, err)
		var c decideCase
		require.NoError(f, json.Unmarshal(content, &c))
		f.Add(c.Event, c.Inputs["command"], []byte(c.Payload))
	}
	f.Fuzz(func(t *testing.T, name, command string, payload []byte) {
		event, err := action.ParseEvent(name, payload)
		in, inputErr := action.New(environment(map[string]string{"command": command}, nil), io.Discard).Inputs()
		if err != nil || inputErr != nil {
			return
		}
		d := action.Decide(event, in)
		assert.NotEqual(t, job.Auto, d.Command)
		assert.NotEmpty(t, d.Reason)
		outside := name == "pull_request_target" || name == "issue_comment" || event.Pull != nil && event.Pull.Fork
		assert.True(t, d.Untrusted || !outside)
		if d.Untrusted {
			assert.Contains(t, []job.Command{job.Check, job.Nothing}, d.Command)
		}
		if d.Command == job.OnMerge && in.Command == job.Auto {
			assert.True(t, event.Pull.Merged && !event.Pull.Fork && strings.HasPrefix(event.Pull.Head, forge.BranchPrefix))
			assert.Equal(t, "github-actions[bot]", strings.ToLower(event.Pull.Author))
		}
		if d.Refused {
			assert.Equal(t, job.Nothing, d.Command)
		}
	})
}
