package gitlabtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// pipelines are those of the README, in order, by their first comment: the file,
// and the project that it is in.
func pipelines(t testing.TB) (one, remote, group, base string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	var found []string
	for _, block := range regexp.MustCompile("(?s)\n```yaml\n(# \\.gitlab-ci\\.yml.*?\n)```\n").FindAllStringSubmatch(string(content), -1) {
		found = append(found, block[1])
	}
	require.Len(t, found, 4, "the README's pipelines")
	return found[0], found[1], found[2], found[3]
}

// address is where the README says that the component is.
var address = regexp.MustCompile(`(?m)^  - (component: \$CI_SERVER_FQDN/basekeeper/basekeeper/basekeeper@v1|remote: https://raw\.githubusercontent\.com/basekeeper/basekeeper/v1/templates/basekeeper\.yml)$`)

// reachable puts the project's own copy of the component in place of the
// address, which tests cannot reach. The rest stays as it is.
func reachable(t testing.TB, pipeline string) string {
	t.Helper()
	require.Len(t, address.FindAllString(pipeline, -1), 1, "%s", pipeline)
	return address.ReplaceAllString(pipeline, "  - local: "+componentFile)
}

// glab are the flags of its commands that the README may use.
//
// Spec: glab-variable-set(1), glab-token-create(1), glab-schedule-create(1).
var glab = map[string][]string{
	"variable set":    {"--masked", "--protected"},
	"token create":    {"--access-level", "--scope", "--duration"},
	"schedule create": {"--description", "--ref", "--cron"},
}

// TestReadmeGlab: the commands that set up a project are spelled as glab has
// them. They are not run.
func TestReadmeGlab(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```console\n(\\$ glab .*?)```").FindStringSubmatch(string(content))
	require.NotNil(t, block)
	lines := strings.ReplaceAll(block[1], "\\\n", "")
	seen := 0
	for _, command := range strings.Split(lines, "glab ")[1:] {
		words := strings.Fields(command)
		require.Greater(t, len(words), 2, command)
		known, ok := glab[words[0]+" "+words[1]]
		require.True(t, ok, command)
		for _, word := range words {
			if strings.HasPrefix(word, "-") {
				assert.Contains(t, known, word, command)
			}
		}
		seen++
	}
	assert.Equal(t, len(glab), seen)
	assert.Contains(t, lines, "--duration 8760h", "the most that glab takes")
}

// TestReadmeProject is the quick start for one project.
func TestReadmeProject(t *testing.T) {
	w := newWorld(t)
	w.gitlab.AddToken(token, lab.Token{Kind: lab.ProjectToken, Projects: []string{"acme/app"}, Role: lab.Developer})
	one, remote, _, _ := pipelines(t)
	dockerfile := "FROM " + w.pin("debian", "12", w.publish("debian", "12", "one")) + "\n"
	w.project("acme/app", reachable(t, one), map[string]string{"Dockerfile": dockerfile})
	now := w.publish("debian", "12", "two")

	r := w.run("acme/app", "main", by("schedule"))
	assert.True(t, r.passed, r.log)
	bumps := w.bumps("acme/app")
	require.Len(t, bumps, 1, r.log)
	content, err := w.gitlab.File("acme/app", bumps[0].Source, "Dockerfile")
	require.NoError(t, err)
	assert.Contains(t, string(content), now)

	w.change("acme/app", "feature", map[string]string{".gitlab-ci.yml": reachable(t, remote)})
	feature := w.byMergeRequest("acme/app", lab.MergeRequest{IID: 9, Source: "feature", Target: "main"})
	feature["BASEKEEPER_TOKEN"] = "" // it is protected
	r = w.run("acme/app", "feature", feature)
	assert.False(t, r.passed, "the README says fail-on: stale")
	assert.Contains(t, w.report(r), "`Dockerfile:1`")

	published, err := w.registry.Publish(t.Context(), sandbox.Image{
		Repository: "acme/app", Tag: "latest", Layer: "app 1",
		Labels: map[string]string{"org.opencontainers.image.source": w.url + "/acme/app"},
	})
	require.NoError(t, err)
	w.merged("acme/app", bumps[0].IID)
	r = w.run("acme/app", "main", by("push"))
	assert.True(t, r.passed, r.log)
	assert.Equal(t, published, w.at("acme/app", "v1"), "what is in the project's registry is retired: %s", r.log)
}

// TestReadmeGroup is the quick start for a group.
func TestReadmeGroup(t *testing.T) {
	w := newWorld(t)
	w.gitlab.AddToken(token, lab.Token{Kind: lab.GroupToken, Projects: []string{"acme"}, Role: lab.Developer})
	_, _, group, base := pipelines(t)
	dockerfile := "FROM " + w.pin("acme/base", "12", w.publish("acme/base", "12", "one")) +
		"\nCOPY --from=" + w.pin("tool", "1", w.publish("tool", "1", "three")) + " /a /b\n"
	w.project("acme/basekeeper", reachable(t, group), nil)
	for _, path := range []string{"acme/app", "acme/team/deep/shop"} {
		require.NoError(t, w.gitlab.CreateProject(path, lab.ProjectOptions{}, lab.File{Path: "Dockerfile", Content: []byte(dockerfile)}))
	}
	w.publish("acme/base", "12", "two")
	w.publish("tool", "1", "four")

	var told struct {
		Basekeeper struct {
			Variables map[string]string
			Trigger   string
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(base), &told))
	require.Equal(t, "acme/basekeeper", told.Basekeeper.Trigger)
	variables := by("pipeline")
	for name, value := range told.Basekeeper.Variables {
		variables[name] = strings.ReplaceAll(value, "$CI_REGISTRY_IMAGE", w.registry.Host()+"/acme/base")
	}
	r := w.run(told.Basekeeper.Trigger, "main", variables)
	assert.True(t, r.passed, r.log)
	assert.Len(t, w.bumps("acme/app"), 1, r.log)
	assert.Len(t, w.bumps("acme/team/deep/shop"), 1)

	r = w.run("acme/basekeeper", "main", by("schedule"))
	assert.True(t, r.passed, r.log)
	assert.Len(t, w.bumps("acme/app"), 2, r.log)
	assert.Len(t, w.bumps("acme/team/deep/shop"), 2)
}
