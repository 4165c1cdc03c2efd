package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestInitByRemote: the address of a clone's remote decides for which forge.
func TestInitByRemote(t *testing.T) {
	const hub, lab = ".github/workflows/basekeeper.yml", ".gitlab-ci.yml"
	tests := map[string]struct{ config, want string }{
		"https":            {"[core]\n\tbare = false\n[remote \"origin\"]\n\turl = https://gitlab.com/acme/app.git\n", lab},
		"with a login":     {"[remote \"origin\"]\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n\turl = https://ada:" + canary + "@GitLab.com/acme/app.git\n", lab},
		"scp":              {"[remote \"origin\"]\n\turl = git@gitlab.com:acme/team/app.git\n", lab},
		"ssh":              {"[remote \"origin\"]\n\tURL=ssh://git@gitlab.com:22/acme/app\n", lab},
		"GitHub":           {"[remote \"origin\"]\n\turl = git@github.com:gitlab.com/app.git\n", hub},
		"another remote":   {"[remote \"mirror\"]\n\turl = https://gitlab.com/acme/app.git\n", hub},
		"only like GitLab": {"[remote \"origin\"]\n\turl = https://gitlab.com.example.org/acme/app.git\n", hub},
		"a folder":         {"[remote \"origin\"]\n\turl = /srv/gitlab.com/app\n", hub},
		"none":             {"", hub},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeTo(dir, ".git/config", tt.config)
			code, out, errs := newProgram(t).run(t.Context(), "init", dir)
			require.Equal(t, 0, code, errs)
			assert.Contains(t, out, "wrote "+filepath.Join(dir, tt.want)+"\n")
			assert.NotContains(t, out+errs, canary)
		})
	}
}

// TestInitPipeline: the quick start for GitLab is what init writes.
func TestInitPipeline(t *testing.T) {
	dir := t.TempDir()
	code, _, errs := newProgram(t).run(t.Context(), "init", "--forge", "gitlab", dir)
	require.Equal(t, 0, code, errs)
	content, err := os.ReadFile(filepath.Join(dir, ".gitlab-ci.yml"))
	require.NoError(t, err)
	i := strings.Index(string(content), "include:")
	require.Positive(t, i)
	assert.Contains(t, readDoc(t, readme), "```yaml\n# .gitlab-ci.yml\n"+string(content)[i:]+"```\n")
}
