package cli_test

import (
	"bytes"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// scheduled is a workflow of acme/app that begins by itself.
func scheduled(t *testing.T, o *org) *workflow {
	t.Helper()
	w := newWorkflow(t, "schedule", map[string]any{"repository": repositoryOfEvents})
	w.now = o.time()
	w.env["INPUT_TOKEN"], w.env["GITHUB_API_URL"], w.env["GITHUB_SERVER_URL"] = secret, o.url+"/api/v3", o.url
	return w
}

// TestActionBumpMends: what no pull request carries is stale after a bump too.
func TestActionBumpMends(t *testing.T) {
	o := newOrg(t)
	old, oldTool := o.publish("debian", "12", "one"), o.publish("tool", "1", "three")
	o.repository("acme/app", kind{}, "Dockerfile", "FROM "+o.pin("debian", "12", old)+"\nCOPY --from="+o.pin("tool", "1", oldTool)+" /a /b\n")
	o.publish("debian", "12", "two")
	o.publish("tool", "1", "four")
	w := scheduled(t, o)
	w.env["INPUT_FAIL-ON"] = "stale"

	for name, config := range map[string]string{
		"no pull request is open at a time": "open-limit: 0\n",
		"it is not the day":                 "schedule: {days: [sun]}\n",
	} {
		writeTo(w.dir, ".basekeeper.yaml", config)
		outputs, log := w.step(3)
		assert.Equal(t, "3", outputs["exit-status"], name)
		assert.Equal(t, 2, strings.Count(log, "::warning file=Dockerfile,line="), name)
		assert.Empty(t, o.open("acme/app"), name)
	}

	writeTo(w.dir, ".basekeeper.yaml", "open-limit: 1\n")
	_, log := w.step(3)
	require.Len(t, o.open("acme/app"), 1)
	assert.NotContains(t, log, "::warning file=Dockerfile,line=1,", "a pull request is open")
	assert.Contains(t, log, "::warning file=Dockerfile,line=2,")

	writeTo(w.dir, ".basekeeper.yaml", "{}\n")
	_, log = w.step(0)
	assert.Len(t, o.open("acme/app"), 2)
	assert.NotContains(t, log, "::warning")
	outputs, _ := w.step(0)
	assert.Equal(t, "2", outputs["stale"], "until they are merged")

	taken := o.people.Pulls("acme/app")[1]
	require.Contains(t, taken.Title, "tool")
	o.push("acme/app", taken.Head, "README", "x")
	_, log = w.step(3)
	assert.Contains(t, log, "::warning file=Dockerfile,line=2,", "a person took that one over")
}

// places returns the files that a SARIF log is about.
func places(t *testing.T, file string) []string {
	t.Helper()
	var log struct {
		Runs []struct {
			Results []struct {
				Locations []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &log))
	uris := []string{}
	for _, result := range log.Runs[0].Results {
		uris = append(uris, result.Locations[0].PhysicalLocation.ArtifactLocation.URI)
	}
	slices.Sort(uris)
	return uris
}

// TestActionSARIF: whatever the run is over, the file is about the workflow's
// own repository, and about what is left.
func TestActionSARIF(t *testing.T) {
	o := newOrg(t)
	old := o.publish("debian", "12", "one")
	o.publish("debian", "12", "two")
	for _, name := range []string{"acme/app", "acme/hidden"} {
		o.repository(name, kind{Private: name == "acme/hidden"}, "sub/Dockerfile", "FROM "+o.pin("debian", "12", old)+"\n")
	}
	o.push("acme/app", "main", ".basekeeper.yaml", "base-branches: [$default, line]\n")
	o.push("acme/app", "line", "line/Dockerfile", "FROM "+o.pin("debian", "12", old)+"\n")
	w := scheduled(t, o)
	w.env["GITHUB_REF"] = "refs/heads/main" // whose lines those of the other branch are not
	w.env["INPUT_SARIF-FILE"] = "out/found.sarif"
	for _, organization := range []string{"", "acme"} {
		w.env["INPUT_ORGANIZATION"] = organization
		w.env["INPUT_DRY-RUN"] = "true"
		w.step(0)
		assert.Equal(t, []string{"sub/Dockerfile"}, places(t, filepath.Join(w.dir, "out/found.sarif")), organization)
	}
	content, err := os.ReadFile(filepath.Join(w.dir, "out/found.sarif"))
	require.NoError(t, err)
	assert.NotContains(t, string(content), "hidden")

	delete(w.env, "INPUT_DRY-RUN")
	w.step(0)
	assert.Empty(t, places(t, filepath.Join(w.dir, "out/found.sarif")), "their pull requests are open")
}

// installed makes an App of acme's that may do all; its key is what the input
// private-key is given.
func installed(t *testing.T, o *org) (key string) {
	t.Helper()
	made, err := rsa.GenerateKey(cryptorand.Reader, 2048)
	require.NoError(t, err)
	o.github.AddApp(7, "keeper-app", &made.PublicKey, hub.Installation{ID: 9, Account: "acme"})
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(made)}))
}

// TestActionOrganizationAsApp: the App's credentials come before the workflow's
// own token, which is always there and reaches one repository.
func TestActionOrganizationAsApp(t *testing.T) {
	const own = "ghs_canary9876543210"
	o := newOrg(t)
	o.github.AddToken(own, hub.Token{Kind: hub.ActionsToken, Repositories: []string{"acme/keeper"}})
	old := o.publish("debian", "12", "one")
	o.publish("debian", "12", "two")
	o.repository("acme/keeper", kind{}, "README", "x")
	for _, name := range []string{"acme/app", "acme/shop"} {
		o.repository(name, kind{}, "Dockerfile", "FROM "+o.pin("debian", "12", old)+"\n")
	}
	w := scheduled(t, o)
	w.env["GITHUB_REPOSITORY"] = "acme/keeper"
	w.env["INPUT_TOKEN"], w.env["INPUT_ORGANIZATION"] = own, "acme"
	w.env["INPUT_APP-ID"], w.env["INPUT_PRIVATE-KEY"] = "7", installed(t, o)
	o.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		assert.NotContains(t, r.Header.Get("Authorization"), own, r.URL)
		return false
	}
	outputs, log := w.step(0)
	assert.Equal(t, "2", outputs["stale"])
	var urls []string
	require.NoError(t, json.Unmarshal([]byte(outputs["pull-requests"]), &urls))
	assert.Len(t, urls, 2)
	for _, name := range []string{"acme/app", "acme/shop"} {
		assert.Equal(t, "keeper-app[bot]", o.only(name).Author)
	}
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "::add-mask::") {
			secretFree(t, line)
			assert.NotContains(t, line, own)
		}
	}
}

// TestActionOnMergeOfTheApp: what the App proposed is a bump, without a word in
// bump-authors; what another App did is not.
func TestActionOnMergeOfTheApp(t *testing.T) {
	o, w := imagesWorkflow(t)
	w.env["INPUT_APP-ID"], w.env["INPUT_PRIVATE-KEY"] = "7", installed(t, o)
	payload, err := json.Marshal(merged(t, o, o.time()))
	require.NoError(t, err)
	by := func(login string) {
		event := bytes.ReplaceAll(payload, []byte("github-actions[bot]"), []byte(login))
		require.NoError(t, os.WriteFile(w.env["GITHUB_EVENT_PATH"], event, 0o600))
	}
	w.now = o.time().Add(time.Minute)

	by("another-app[bot]")
	writes := o.registryWrites(func() {
		outputs, log := w.step(0)
		assert.Equal(t, "nothing", outputs["command"])
		assert.Contains(t, log, "by \"another-app[bot]\", who is not among the bump-authors (github-actions[bot], keeper-app[bot])")
	})
	assert.Empty(t, writes)

	by("keeper-app[bot]")
	outputs, log := w.step(0)
	assert.Equal(t, "on-merge", outputs["command"], log)
	assert.NotEmpty(t, o.at("apps/app", "v1"))

	w.env["INPUT_BUMP-AUTHORS"] = "github-actions[bot]"
	outputs, _ = w.step(0)
	assert.Equal(t, "nothing", outputs["command"], "who names the authors names all")
}
