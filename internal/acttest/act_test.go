package acttest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/enginetest"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// token is the workflow's; it must be seen nowhere.
const token = "ghs_canary0123456789"

// runnerImage is where act runs steps.
const runnerImage = "basekeeper.test/runner:1"

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// world is a registry, a GitHub with one repository, and a checkout of it.
type world struct {
	t        testing.TB
	engine   *enginetest.Engine
	act      string
	registry *sandbox.Registry
	github   *hub.Server
	url      string // of GitHub
	dir      string // the checkout
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, engine: enginetest.NeedImage(t), dir: t.TempDir()}
	enginetest.OrSkip(t, w.engine.Import(runnerImage, enginetest.Base{}, "ENV PATH=/bin", "ENV HOME=/root"))
	var err error
	w.act, err = enginetest.Tool("BASEKEEPER_ACT", "act")
	enginetest.OrSkip(t, err)
	w.registry, err = sandbox.StartRegistry(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.registry.Close() })
	w.github = hub.New(hub.Options{Now: time.Now})
	server := httptest.NewServer(spectest.Wrap(t, w.github.Handler()))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.github.AddOrganization("acme")
	w.github.AddToken(token, hub.Token{Kind: hub.ActionsToken, Repositories: []string{"acme/app"}})
	return w
}

func (w *world) publish(repository, tag, layer string) image.Digest {
	w.t.Helper()
	d, err := w.registry.Publish(w.t.Context(), sandbox.Image{Repository: repository, Tag: tag, Layer: layer, Created: time.Unix(1_700_000_000, 0)})
	require.NoError(w.t, err)
	return d
}

func (w *world) pin(repository, tag string, d image.Digest) string {
	return fmt.Sprintf("%s/%s:%s@%s", w.registry.Host(), repository, tag, d)
}

// commit makes the repository of a Dockerfile, and checks it out.
func (w *world) commit(dockerfile string) (base string) {
	w.t.Helper()
	const always = "schedule: {days: [mon, tue, wed, thu, fri, sat, sun], timezone: Europe/Berlin}\n" // which the container must know
	config := fmt.Sprintf(always+"images:\n  - image: %s/apps/app\nretention: {keep-for: 1h, minimum-age: 1h}\nroots: {self-only: true}\n", w.registry.Host())
	require.NoError(w.t, w.github.CreateRepository("acme/app", hub.RepositoryOptions{},
		hub.File{Path: "Dockerfile", Content: []byte(dockerfile)}, hub.File{Path: ".basekeeper.yaml", Content: []byte(config)}))
	w.write(".basekeeper.yaml", config)
	base, err := w.github.Branch("acme/app", "main")
	require.NoError(w.t, err)
	w.write("Dockerfile", dockerfile)
	return base
}

func (w *world) write(name, content string) {
	w.t.Helper()
	file := filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(w.t, os.WriteFile(file, []byte(content), 0o644))
}

// workflow runs the action and shows the step after it everything.
const workflow = `on:
  push:
  schedule: [{cron: "17 5 * * *"}]
  pull_request: {types: [opened, closed]}
  repository_dispatch: {types: [basekeeper-base-published]}
jobs:
  keep:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: keeper
        uses: ./.action
        with:
          base-url: ADDRESS
          sarif-file: found.sarif
          # more inputs
` + shows

// shows is the step after it.
const shows = `      - if: always()
        shell: sh
        env:
          OUTPUTS: ${{ toJSON(steps.keeper.outputs) }}
          OUTCOME: ${{ steps.keeper.outcome }}
        run: |
          printf 'OUTCOME=%s\n' "$OUTCOME"
          printf 'OUTPUTS=%s\n' "$(printf '%s' "$OUTPUTS" | tr -d '\n')"
          sed 's/^/REPORT=/' .basekeeper/report.md
          sed 's/^/DOCKERFILE=/' Dockerfile
          if [ -e found.sarif ]; then echo SARIF=yes; fi
`

// step is what act has seen of the action, and the step after it.
type step struct {
	outcome    string
	outputs    map[string]string
	report     string
	dockerfile string
	sarif      bool
	log        string
}

// run has act run the workflow on an event.
func (w *world) run(event string, payload any, inputs map[string]string) step {
	w.t.Helper()
	text := strings.Replace(workflow, "ADDRESS", w.url, 1)
	for name, value := range inputs {
		text = strings.Replace(text, "# more inputs\n", fmt.Sprintf("%s: %q\n          # more inputs\n", name, value), 1)
	}
	return w.play(event, payload, text)
}

// play has act run a workflow on an event.
func (w *world) play(event string, payload any, workflow string) step {
	w.t.Helper()
	w.write(".github/workflows/test.yml", workflow)
	w.write(".action/action.yml", w.definition())
	content, err := json.Marshal(payload)
	require.NoError(w.t, err)
	files := w.t.TempDir()
	require.NoError(w.t, os.WriteFile(filepath.Join(files, "event.json"), content, 0o600))
	require.NoError(w.t, os.WriteFile(filepath.Join(files, "secrets"), []byte("GITHUB_TOKEN="+token+"\n"), 0o600))

	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.act, event, "--directory", w.dir, "--workflows", ".github/workflows/test.yml",
		"--eventpath", filepath.Join(files, "event.json"), "--secret-file", filepath.Join(files, "secrets"),
		"--env", "GITHUB_REPOSITORY=acme/app", "--platform", "ubuntu-latest="+runnerImage, "--pull=false", "--rm",
		"--network", "host", "--action-offline-mode", "--container-daemon-socket", "-", "--json")
	cmd.Env = append(w.engine.Environ(), "HOME="+files, "XDG_CACHE_HOME="+files, "XDG_CONFIG_HOME="+files)
	out, err := cmd.CombinedOutput()
	s := read(string(out))
	assert.Equal(w.t, s.outcome == "success", err == nil, "%s", s.log)
	require.NotNil(w.t, s.outputs, "%s", s.log)
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, `"command":"add-mask"`) { // act tells us what it was told to hide
			assert.NotContains(w.t, line, token)
		}
	}
	return s
}

// definition is action.yml with the image that was built for it, as the release
// workflow puts the published one there.
func (w *world) definition() string {
	content, err := os.ReadFile("../../action.yml")
	require.NoError(w.t, err)
	const source = "\n  image: Dockerfile"
	require.Equal(w.t, 1, strings.Count(string(content), source))
	return strings.Replace(string(content), source, "\n  image: docker://"+enginetest.Image, 1)
}

// read reads what act printed.
func read(out string) (s step) {
	for line := range strings.Lines(out) {
		var entry struct{ Msg string }
		if json.Unmarshal([]byte(line), &entry) != nil {
			s.log += line
			continue
		}
		for text := range strings.Lines(strings.TrimSuffix(entry.Msg, "\n") + "\n") {
			s.log += text
			text = strings.TrimRight(text, "\r\n")
			switch name, value, _ := strings.Cut(text, "="); name {
			case "OUTCOME":
				s.outcome = value
			case "OUTPUTS":
				if json.Unmarshal([]byte(value), &s.outputs) != nil {
					s.log += "no JSON\n"
				}
			case "REPORT":
				s.report += value + "\n"
			case "DOCKERFILE":
				s.dockerfile += value + "\n"
			case "SARIF":
				s.sarif = true
			}
		}
	}
	return s
}

var repository = map[string]any{"id": 1, "name": "app", "full_name": "acme/app", "owner": map[string]any{"login": "acme"}, "default_branch": "main"}

// pullRequest is the payload of an event about a pull request.
func pullRequest(action, branch, from, author, base string, merged bool) map[string]any {
	head := map[string]any{"id": 1, "full_name": "acme/app"}
	if from != "acme/app" {
		head = map[string]any{"id": 2, "full_name": from}
	}
	return map[string]any{"action": action, "repository": repository, "pull_request": map[string]any{
		"number": 7, "merged": merged, "merged_at": time.Now().UTC().Format(time.RFC3339), "user": map[string]any{"login": author},
		"head": map[string]any{"ref": branch, "sha": strings.Repeat("a", 40), "repo": head},
		"base": map[string]any{"ref": "main", "sha": base, "repo": repository},
	}}
}

func TestAct(t *testing.T) {
	w := newWorld(t)
	old, oldTool := w.publish("debian", "12", "one"), w.publish("tool", "1", "three")
	dockerfile := "FROM " + w.pin("debian", "12", old) + "\nCOPY --from=" + w.pin("tool", "1", oldTool) + " /a /b\n"
	base := w.commit(dockerfile)
	now, nowTool := w.publish("debian", "12", "two"), w.publish("tool", "1", "four")

	t.Run("pull request", func(t *testing.T) {
		s := w.run("pull_request", pullRequest("opened", "feature", "acme/app", "alice", base, false), map[string]string{"fail-on": "stale"})
		assert.Equal(t, "failure", s.outcome)
		assert.Equal(t, "check", s.outputs["command"])
		assert.Equal(t, "2", s.outputs["stale"])
		assert.Equal(t, "3", s.outputs["exit-status"])
		assert.Contains(t, s.report, "`Dockerfile:1`")
		assert.Equal(t, dockerfile, s.dockerfile)
		assert.True(t, s.sarif, s.log)
		assert.Contains(t, s.log, "its tag points at "+now.Short())
	})

	t.Run("pull request from a fork", func(t *testing.T) {
		w.write("Dockerfile", dockerfile+"COPY --from=localhost:1/evil:1@"+string(old)+" /c /d\n")
		defer w.write("Dockerfile", dockerfile)
		s := w.run("pull_request", pullRequest("opened", "x", "mallory/app", "mallory", base, false), map[string]string{"command": "bump"})
		assert.Equal(t, "success", s.outcome, s.log)
		assert.Equal(t, "check", s.outputs["command"])
		assert.Equal(t, "2", s.outputs["stale"])
		assert.Contains(t, s.log, "localhost:1 was not asked")
		assert.Empty(t, w.pulls())
	})

	t.Run("repository_dispatch", func(t *testing.T) {
		s := w.run("repository_dispatch", map[string]any{
			"action": "basekeeper-base-published", "branch": "main", "repository": repository,
			"client_payload": map[string]any{"image": w.registry.Host() + "/tool:1", "digest": nowTool},
		}, nil)
		assert.Equal(t, "success", s.outcome, s.log)
		assert.Equal(t, "bump", s.outputs["command"])
		assert.Equal(t, "true", s.outputs["changed"])
		assert.Len(t, w.pulls(), 1, "that image alone")
		var urls []string
		require.NoError(t, json.Unmarshal([]byte(s.outputs["pull-requests"]), &urls))
		assert.Len(t, urls, 1)
		assert.Contains(t, s.report, urls[0])
	})

	t.Run("schedule", func(t *testing.T) {
		s := w.run("schedule", map[string]any{"schedule": "17 5 * * *", "repository": repository}, nil)
		assert.Equal(t, "success", s.outcome, s.log)
		assert.Len(t, w.pulls(), 2)
		assert.Equal(t, "true", s.outputs["changed"])
		assert.Equal(t, ".basekeeper/plan.json", s.outputs["plan"])
	})

	t.Run("merge", func(t *testing.T) {
		branches, err := w.github.Branches("acme/app", "basekeeper/")
		require.NoError(t, err)
		require.NotEmpty(t, branches)
		event := pullRequest("closed", branches[0], "acme/app", "github-actions[bot]", base, true)
		published := w.publish("apps/app", "latest", "app 1")
		s := w.play("pull_request", event, w.initial())
		assert.Equal(t, "success", s.outcome, s.log)
		assert.Equal(t, "on-merge", s.outputs["command"])
		assert.Equal(t, "true", s.outputs["changed"])
		assert.Equal(t, fmt.Sprintf(`["%s/apps/app:latest v1"]`, w.registry.Host()), s.outputs["retired"])
		assert.Contains(t, s.report, "Retired images")
		assert.Equal(t, published, w.at("v1"))

		w.publish("apps/app", "latest", "app 2")
		s = w.run("pull_request", event, map[string]string{"prune": "true"})
		assert.Equal(t, "success", s.outcome, s.log)
		assert.Equal(t, "false", s.outputs["changed"], "once more for the same merge it does nothing: %s", s.log)
		assert.Contains(t, s.report, "retired less than an hour ago by acme/app")
		assert.Empty(t, w.at("v2"))

		s = w.run("pull_request", pullRequest("closed", "feature", "acme/app", "alice", base, true), nil)
		assert.Equal(t, "nothing", s.outputs["command"])
		assert.Contains(t, s.report, "none of basekeeper")
	})

	t.Run("right before a push", func(t *testing.T) {
		published := w.at("latest")
		s := w.run("push", map[string]any{"ref": "refs/heads/main", "repository": repository},
			map[string]string{"command": "retire", "image": w.registry.Host() + "/apps/app"})
		assert.Equal(t, "success", s.outcome, s.log)
		assert.Equal(t, published, w.at("v2"))
	})

	t.Run("in place", func(t *testing.T) {
		s := w.run("schedule", map[string]any{"repository": repository}, map[string]string{"in-place": "true", "fail-on": "stale"})
		assert.Equal(t, "success", s.outcome, s.log)
		want := strings.NewReplacer(string(old), string(now), string(oldTool), string(nowTool)).Replace(dockerfile)
		assert.Equal(t, want, s.dockerfile, "the step after it sees the files")
	})

	t.Run("a mistake", func(t *testing.T) {
		s := w.run("push", map[string]any{"ref": "refs/heads/main", "repository": repository}, map[string]string{"fail-on": "sometimes"})
		assert.Equal(t, "failure", s.outcome)
		assert.Equal(t, "2", s.outputs["exit-status"])
		assert.Contains(t, s.log, `input fail-on: "sometimes" is none of`)
	})
}

// initial is the workflow that init writes and the README shows, with what
// cannot be had here: the cache, which GitHub keeps, and the published action.
func (w *world) initial() string {
	w.t.Helper()
	text := string(config.Workflow())
	start, end := strings.Index(text, "      - name: Remember"), strings.Index(text, "      - uses: basekeeper/")
	require.True(w.t, 0 < start && start < end)
	text = text[:start] + text[end:]
	const used = "      - uses: basekeeper/basekeeper@v1\n"
	require.True(w.t, strings.HasSuffix(text, used))
	return strings.TrimSuffix(text, used) + "      - id: keeper\n        uses: ./.action\n        with:\n          base-url: " + w.url + "\n" + shows
}

// at returns what a tag of the published image points at; empty where it is not
// there.
func (w *world) at(tag string) image.Digest {
	w.t.Helper()
	d, err := w.registry.Digest(w.t.Context(), "apps/app", tag)
	require.NoError(w.t, err)
	return d
}

// pulls returns the branches of bumps on GitHub.
func (w *world) pulls() []string {
	w.t.Helper()
	branches, err := w.github.Branches("acme/app", "basekeeper/")
	require.NoError(w.t, err)
	return branches
}
