package cli_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
)

const (
	actionDoc    = "../../docs/action.md"
	ownWorkflows = "../../.github/workflows/basekeeper.yml"
)

// gitHubWorkflow is what a workflow on GitHub listens to, and what it may do.
type gitHubWorkflow struct {
	On struct {
		Pulls *struct{ Types []string } `yaml:"pull_request"`
	}
	Permissions map[string]string
}

// workflowsOf returns the workflows of a page that listen to pull requests.
func workflowsOf(t *testing.T, page string) (all []gitHubWorkflow) {
	t.Helper()
	for _, b := range fencedBlocks(t, page) {
		if b.info == "yaml" && strings.HasPrefix(b.text, "# .github/workflows/basekeeper") && strings.Contains(b.text, "\n  pull_request:") {
			all = append(all, parseWorkflow(t, []byte(b.text)))
		}
	}
	return all
}

func parseWorkflow(t *testing.T, text []byte) (w gitHubWorkflow) {
	t.Helper()
	require.NoError(t, yaml.Unmarshal(text, &w), "%s", text)
	return w
}

// TestWorkflowsHearOfMerges: GitHub sends closed to those alone that say so; and
// what follows a merge writes into the registry.
func TestWorkflowsHearOfMerges(t *testing.T) {
	all := []gitHubWorkflow{parseWorkflow(t, config.Workflow())}
	for page, want := range map[string]int{readme: 1, actionDoc: 2} {
		found := workflowsOf(t, page)
		assert.Len(t, found, want, page)
		all = append(all, found...)
	}
	for _, w := range all {
		require.NotNil(t, w.On.Pulls)
		assert.Contains(t, w.On.Pulls.Types, "closed")
		assert.Equal(t, "write", w.Permissions["packages"])
		if len(w.On.Pulls.Types) > 1 {
			for _, byDefault := range []string{"opened", "synchronize", "reopened"} {
				assert.Contains(t, w.On.Pulls.Types, byDefault)
			}
		}
	}
	own, err := os.ReadFile(ownWorkflows)
	require.NoError(t, err)
	assert.False(t, slices.Contains(parseWorkflow(t, own).On.Pulls.Types, "closed"), "releases move its tags, and keep the old ones")
}
