package pipeline_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/pipeline"
)

func read(t *testing.T, env ...map[string]string) (job.Inputs, error) {
	t.Helper()
	return pipeline.New(getenv(append([]map[string]string{project}, env...)...), io.Discard, time.Now).Inputs()
}

func TestInputsByDefault(t *testing.T) {
	in, err := read(t)
	require.NoError(t, err)
	assert.Equal(t, job.Inputs{
		Command: job.Auto, FailOn: job.FailOnError, TimeLimit: time.Hour, Directory: ".", CacheFile: ".basekeeper/cache.json",
	}, in)
}

func TestInputs(t *testing.T) {
	in, err := read(t, map[string]string{
		"BASEKEEPER_COMMAND": "bump", "BASEKEEPER_REPOSITORIES": "acme/one, acme/team/two.js\nacme/_x/three", "BASEKEEPER_GROUP": "acme,beta/sub",
		"BASEKEEPER_IMAGE": "registry.example.com/acme/base", "BASEKEEPER_DRY_RUN": " true", "BASEKEEPER_PRUNE": " true", "BASEKEEPER_VERIFY": "True",
		"BASEKEEPER_TIME_LIMIT": "45m", "BASEKEEPER_FAIL_ON": "gone", "GITLAB_TOKEN": "glpat-other", "BASEKEEPER_BUMP_AUTHORS": "project_1_bot_2",
		"BASEKEEPER_REGISTRIES": "registry.example.com bot one two\n", "BASEKEEPER_CONFIG": "/builds/acme/team/app/ci/keeper.yaml",
		"BASEKEEPER_WORKING_DIRECTORY": "services/", "BASEKEEPER_SARIF_FILE": "out.sarif", "BASEKEEPER_CACHE_FILE": "c/../cache.json", "BASEKEEPER_IN_PLACE": " false",
	})
	require.NoError(t, err)
	assert.Equal(t, job.Inputs{
		Command: job.Bump, Repositories: []string{"acme/one", "acme/team/two.js", "acme/_x/three"}, Organizations: []string{"acme", "beta/sub"},
		Image:  image.Reference{Registry: "registry.example.com", Repository: "acme/base", Tag: "latest"},
		DryRun: true, Prune: true, Verify: true, TimeLimit: 45 * time.Minute, FailOn: job.FailOnGone, Token: "glpat-other", BumpAuthors: []string{"project_1_bot_2"},
		Registries: []job.Login{{Host: "registry.example.com", User: "bot", Password: "one two"}},
		Directory:  "services", Config: "ci/keeper.yaml", SARIFFile: "out.sarif", CacheFile: "cache.json",
	}, in)

	in, err = read(t, map[string]string{"GITLAB_TOKEN": "other", "BASEKEEPER_TOKEN": "glpat-ours"})
	require.NoError(t, err)
	assert.Equal(t, "glpat-ours", in.Token)
}

func TestInputErrors(t *testing.T) {
	const secret = "s3cret-value"
	tests := map[string]struct{ name, value, want string }{
		"command":      {"COMMAND", "destroy", `variable BASEKEEPER_COMMAND: "destroy" is none of auto, check, bump, on-merge`},
		"fail-on":      {"FAIL_ON", "sometimes", "variable BASEKEEPER_FAIL_ON: "},
		"dry-run":      {"DRY_RUN", "yes", `variable BASEKEEPER_DRY_RUN: "yes" is neither true nor false`},
		"no path":      {"REPOSITORIES", "app", `variable BASEKEEPER_REPOSITORIES: "app": want full paths of projects`},
		"dots":         {"REPOSITORIES", "acme/../app", "variable BASEKEEPER_REPOSITORIES: "},
		"shell":        {"REPOSITORIES", "acme/$(reboot)", "variable BASEKEEPER_REPOSITORIES: "},
		"slash":        {"GROUP", "acme/", "variable BASEKEEPER_GROUP: "},
		"dot":          {"GROUP", ".", "variable BASEKEEPER_GROUP: "},
		"image":        {"IMAGE", "Debian", `variable BASEKEEPER_IMAGE: parse image reference "Debian"`},
		"unset":        {"IMAGE", "$UPSTREAM_IMAGE", "variable BASEKEEPER_IMAGE: "},
		"long image":   {"IMAGE", strings.Repeat("a", 2000), "shorter than 1024"},
		"authors":      {"BUMP_AUTHORS", "a[b]", "variable BASEKEEPER_BUMP_AUTHORS: "},
		"two fields":   {"REGISTRIES", "registry.example.com " + secret, "variable BASEKEEPER_REGISTRIES: line 1: want a host, a user and a password"},
		"no host":      {"REGISTRIES", "registry user " + secret, "variable BASEKEEPER_REGISTRIES: line 1: want a registry's host first"},
		"path above":   {"CONFIG", "../x", `"../x" is not in the workspace, which is all that GitLab keeps of a job`},
		"another path": {"CACHE_FILE", "/builds/acme/team/app2/x", "variable BASEKEEPER_CACHE_FILE: "},
		"time":         {"TIME_LIMIT", "soon", "variable BASEKEEPER_TIME_LIMIT: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in, err := read(t, map[string]string{"BASEKEEPER_" + tt.name: tt.value})
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), secret)
			assert.Equal(t, job.Inputs{}, in)
		})
	}
	_, err := read(t, map[string]string{"BASEKEEPER_IN_PLACE": "true", "BASEKEEPER_GROUP": "acme"})
	require.ErrorContains(t, err, "variable BASEKEEPER_IN_PLACE: the files of the checkout are changed, or")
	_, err = read(t, map[string]string{"BASEKEEPER_COMMAND": "x", "BASEKEEPER_FAIL_ON": "y"})
	assert.Len(t, strings.Split(err.Error(), "\n"), 2, "every mistake is said at once")
}
