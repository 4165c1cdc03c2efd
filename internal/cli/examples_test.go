package cli_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
	"github.com/basekeeper/basekeeper/internal/cli/clitest"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// program runs commands in this process, with an environment of their own.
type program struct {
	t    testing.TB
	env  map[string]string
	now  time.Time
	wait func(context.Context, time.Duration) error
}

func newProgram(t testing.TB) *program {
	t.Helper()
	return &program{t: t, env: map[string]string{"HOME": t.TempDir()}, now: clitest.Start, wait: noSleep}
}

// run returns the exit status and what was written.
func (p *program) run(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	got := (&clitest.Program{Env: p.env, Now: p.now, Wait: p.wait}).Run(ctx, args...)
	return got.Status, got.Out, got.Errors
}

// commands returns the tree's commands, the root first.
func commands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, child := range cmd.Commands() {
		all = append(all, commands(child)...)
	}
	return all
}

// exampleLines returns a command's examples, one command line each.
func exampleLines(cmd *cobra.Command) []string {
	var lines []string
	for line := range strings.Lines(cmd.Example) {
		line, _, _ = strings.Cut(line, " #")
		for part := range strings.SplitSeq(line, "&&") {
			if part = strings.TrimSpace(part); part != "" {
				lines = append(lines, part)
			}
		}
	}
	return lines
}

// documented are the statuses of examples that are not 0 on something stale.
var documented = map[string]int{"basekeeper check --exit-code --format sarif > basekeeper.sarif": 3}

func TestExamples(t *testing.T) {
	for _, cmd := range commands(cli.NewRoot(cli.Env{})) {
		t.Run(strings.ReplaceAll(cmd.CommandPath(), " ", "_"), func(t *testing.T) {
			lines := exampleLines(cmd)
			require.NotEmpty(t, lines, "%s has no example", cmd.CommandPath())
			assert.NotEmpty(t, cmd.Short)
			env := folder(t)
			for _, line := range lines {
				runExample(t, line, env)
			}
		})
	}
}

// folder makes what the examples speak of, and goes there.
func folder(t *testing.T) map[string]string {
	t.Helper()
	s, end, err := newStage(t.Context())
	require.NoError(t, err)
	t.Cleanup(end)
	old, err := s.publish(t.Context(), "debian:12", "one", "linux/amd64", "linux/arm64")
	require.NoError(t, err)
	_, err = s.publish(t.Context(), "debian:12", "two", "linux/amd64", "linux/arm64")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	t.Setenv("TMPDIR", t.TempDir()) // for what demo --keep leaves
	for _, dir := range []string{".", "repositories/a", "repositories/b", "services", "tools"} {
		require.NoError(t, os.MkdirAll(dir, 0o755))
		content := fmt.Sprintf("FROM %s/debian:12@%s\n", s.host, old)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(content), 0o644))
	}
	github, err := hub.Start(t.Context(), hub.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = github.Close() })
	github.AddOrganization("acme")
	github.AddToken(secret, hub.Token{Login: "keeper", Kind: hub.UserToken})
	for _, name := range []string{"acme/app", "acme/basekeeper"} {
		require.NoError(t, github.CreateRepository(name, hub.RepositoryOptions{}, gitFiles("Dockerfile", fmt.Sprintf("FROM %s/debian:12@%s\n", s.host, old))...))
	}
	_, err = s.publish(t.Context(), "acme/base:1", "one", "linux/amd64")
	require.NoError(t, err)
	shelve(t, s, github)
	gitlab := newExampleGitLab(t, fmt.Sprintf("FROM %s/debian:12@%s\n", s.host, old))
	return map[string]string{
		"GITHUB_TOKEN": secret, "GITHUB_API_URL": github.URL(), "GHCR": s.host,
		"GITLAB_TOKEN": secret, "BASEKEEPER_TRIGGER_TOKEN": secret, "CI_SERVER_URL": gitlab.URL(),
	}
}

// newExampleGitLab has the projects that the examples speak of.
func newExampleGitLab(t *testing.T, dockerfile string) *lab.Server {
	t.Helper()
	gitlab, err := lab.Start(t.Context(), lab.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = gitlab.Close() })
	gitlab.AddGroup("acme/platform")
	gitlab.AddUser("ada")
	gitlab.AddToken(secret, lab.Token{Login: "keeper", Kind: lab.PersonalToken})
	for _, name := range []string{"acme/app", "acme/platform/basekeeper"} {
		require.NoError(t, gitlab.CreateProject(name, lab.ProjectOptions{}, lab.File{Path: "Dockerfile", Content: []byte(dockerfile)}))
	}
	require.NoError(t, gitlab.AddTrigger("acme/platform/basekeeper", secret, "ada"))
	return gitlab
}

// shelve publishes versions of acme/app, some of them retired and one of those
// deleted, and merges bumps of its repository.
func shelve(t *testing.T, s *stage, github *hub.Server) {
	t.Helper()
	app := s.host + "/acme/app"
	config := fmt.Sprintf("images:\n  - {image: %s, repository: acme/app}\nroots: {self-only: true}\n", app)
	require.NoError(t, os.WriteFile(".basekeeper.yaml", []byte(config), 0o644))
	p := newProgram(t)
	old := func(args ...string) {
		code, stdout, stderr := p.run(t.Context(), args...)
		require.Equal(t, 0, code, stdout+stderr)
	}
	p.now = p.now.Add(-40 * 24 * time.Hour)
	for version := range 6 {
		_, err := s.publish(t.Context(), "acme/app:latest", fmt.Sprintf("app %d", version))
		require.NoError(t, err)
		old("retire", app)
	}
	p.now = p.now.Add(40 * 24 * time.Hour)
	_, err := s.publish(t.Context(), "acme/app:stable", "app 6")
	require.NoError(t, err)
	old("prune", app, "--self-only", "--yes", "--protect", "v2,v4,v5", "--keep-last", "0", "--max-deleted", "100")
	for number := 1; number <= 12; number++ {
		branch := fmt.Sprintf("basekeeper/x%d", number)
		_, err := github.Push("acme/app", branch, "ada", "Bump", hub.File{Path: "x", Content: []byte(branch)})
		require.NoError(t, err)
		_, err = github.OpenPull("acme/app", "ada", branch, "main", "Bump", "")
		require.NoError(t, err)
	}
	require.NoError(t, github.Merge("acme/app", 12, "ada"))
}

// runExample runs a line as a shell would, as far as examples need one.
func runExample(t *testing.T, line string, env map[string]string) {
	t.Helper()
	command, file, redirected := strings.Cut(line, " > ")
	command = strings.NewReplacer("ghcr.io/", env["GHCR"]+"/", "registry.example.com/", env["GHCR"]+"/", "https://gitlab.example.com", env["CI_SERVER_URL"]).Replace(command)
	words := strings.Fields(command)
	require.Equal(t, "basekeeper", words[0], "an example runs something else: %s", line)
	p := newProgram(t)
	maps.Copy(p.env, env)
	code, stdout, stderr := p.run(t.Context(), words[1:]...)
	assert.Equal(t, documented[line], code, "%s\n%s\n%s", line, stdout, stderr)
	assert.NotEmpty(t, stdout, line)
	if redirected {
		assert.False(t, strings.HasPrefix(stdout, "basekeeper: "), "what goes to %s must be the result alone", file)
	}
}
