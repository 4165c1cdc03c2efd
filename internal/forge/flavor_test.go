package forge_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

func TestFlavor(t *testing.T) {
	tests := map[forge.Flavor][]string{
		forge.GitHub: {"GitHub", "pull request", "#12", "pull request 12", "refs/pull/12/head", "/compare/a...b"},
		forge.GitLab: {"GitLab", "merge request", "!12", "!12", "refs/merge-requests/12/head", "/-/compare/a...b"},
	}
	for f, want := range tests {
		assert.Equal(t, want, []string{f.String(), f.Noun(), f.Number(12), f.Label(12), f.HeadRef(12), f.Compare("a", "b")})
		assert.True(t, f.Known())
	}
	assert.False(t, forge.Flavor("GitLab").Known())
	assert.Equal(t, 65_536, forge.GitHub.MaxBody())
	assert.Equal(t, 1_048_576, forge.GitLab.MaxBody())
}

func TestFlavorInJSON(t *testing.T) {
	type value struct {
		Flavor forge.Flavor `json:"flavor,omitempty"`
	}
	for want, f := range map[string]forge.Flavor{`{}`: forge.GitHub, `{"flavor":"gitlab"}`: forge.GitLab} {
		got, err := json.Marshal(value{f})
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
		var back value
		require.NoError(t, json.Unmarshal(got, &back))
		assert.Equal(t, f, back.Flavor)
	}
}
