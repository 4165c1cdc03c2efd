package cli_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestActionWorkingDirectory: what is beside the folder is not looked at, and
// its own configuration is the one.
func TestActionWorkingDirectory(t *testing.T) {
	o := newOrg(t)
	old := o.publish("debian", "12", "one")
	o.publish("debian", "12", "two")
	w := newWorkflow(t, "push", map[string]any{})
	writeTo(w.dir, ".basekeeper.yaml", "not: [a configuration\n")
	for _, folder := range []string{"app", "beside"} {
		writeTo(w.dir, folder+"/Dockerfile", "FROM "+o.pin("debian", "12", old)+"\n")
		writeTo(w.dir, folder+"/old/Dockerfile", "FROM "+o.pin("debian", "12", old)+"\n")
	}
	writeTo(w.dir, "app/.basekeeper.yaml", "exclude: [old/**]\n")
	w.env["INPUT_WORKING-DIRECTORY"] = "app"
	outputs, log := w.step(0)
	assert.Equal(t, "1", outputs["stale"])
	assert.Contains(t, log, "::warning file=app/Dockerfile,line=1,", "from the workspace, as GitHub shows it")
	assert.NotContains(t, log, "beside")
	assert.FileExists(t, filepath.Join(w.dir, ".basekeeper/report.md"), "from the workspace")
}

// TestActionConfigAndCacheFile: the inputs name the files, from the workspace.
func TestActionConfigAndCacheFile(t *testing.T) {
	o := newOrg(t)
	old := o.publish("debian", "12", "one")
	o.publish("debian", "12", "two")
	w := newWorkflow(t, "push", map[string]any{})
	w.now = o.time()
	writeTo(w.dir, "Dockerfile", "FROM "+o.pin("debian", "12", old)+"\n")
	writeTo(w.dir, ".basekeeper.yaml", "policies: [{ignore: true}]\n")
	writeTo(w.dir, "ci/keeper.yaml", "cooldown: 2d\n")
	w.env["INPUT_CONFIG"], w.env["INPUT_CACHE-FILE"] = "ci/keeper.yaml", "state/seen.json"
	_, log := w.step(0)
	assert.Contains(t, log, "cooldown", "that of the input")
	assert.FileExists(t, filepath.Join(w.dir, "state/seen.json"))
	assert.NoFileExists(t, filepath.Join(w.dir, ".basekeeper/cache.json"))

	w.now = w.now.Add(3 * 24 * time.Hour)
	_, log = w.step(0)
	assert.Contains(t, log, "1 digest to bump", "the file remembers when it was first seen")
	require.NoError(t, os.Remove(filepath.Join(w.dir, "state/seen.json")))
	_, log = w.step(0)
	assert.Contains(t, log, "cooldown", "without it, that is now")
}

// TestActionGoneAndReport: the outputs gone and report, and the file that report
// names; with verify, a digest that the registry lost is found though its tag is
// on another.
func TestActionGoneAndReport(t *testing.T) {
	o := newOrg(t)
	old := o.publish("debian", "12", "one")
	o.publish("debian", "12", "two")
	w := newWorkflow(t, "push", map[string]any{})
	writeTo(w.dir, "Dockerfile", "FROM "+o.pin("debian", "12", old)+"\n")
	w.step(0)
	o.lose("debian", old)
	outputs, _ := w.step(0)
	assert.Equal(t, []string{"1", "0"}, []string{outputs["stale"], outputs["gone"]}, "the cache knows it, and nobody asks")

	w.env["INPUT_VERIFY"], w.env["INPUT_FAIL-ON"] = "true", "gone"
	outputs, log := w.step(3)
	assert.Equal(t, []string{"1", "1"}, []string{outputs["stale"], outputs["gone"]})
	assert.Contains(t, log, "::error file=Dockerfile,line=1,")
	require.Equal(t, ".basekeeper/report.md", outputs["report"])
	report, err := os.ReadFile(filepath.Join(w.dir, outputs["report"]))
	require.NoError(t, err)
	assert.Equal(t, strings.TrimSpace(w.summary()), strings.TrimSpace(string(report)))
	assert.Contains(t, string(report), "`Dockerfile:1`")
}

// TestActionTimeLimit: where GitHub wants more time than there is, the rest is
// left to the next run, and the step says so.
func TestActionTimeLimit(t *testing.T) {
	o := newOrg(t)
	old := o.publish("debian", "12", "one")
	o.publish("debian", "12", "two")
	o.repository("acme/app", kind{}, "Dockerfile", "FROM "+o.pin("debian", "12", old)+"\n")
	w := scheduled(t, o)
	limited := 0
	o.fault = func(out http.ResponseWriter, _ *http.Request) bool {
		if limited++; limited > 1 {
			return false
		}
		out.Header().Set("Retry-After", "600")
		http.Error(out, `{"message":"You have exceeded a secondary rate limit"}`, http.StatusForbidden)
		return true
	}
	w.env["INPUT_TIME-LIMIT"] = "5m"
	_, log := w.step(1)
	assert.Contains(t, strings.ToLower(log), "limit")
	assert.Empty(t, o.open("acme/app"))

	limited = 0
	w.env["INPUT_TIME-LIMIT"] = "15m"
	w.step(0)
	assert.Len(t, o.open("acme/app"), 1, "ten minutes later")
}
