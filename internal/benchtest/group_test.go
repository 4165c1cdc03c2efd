package benchtest

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// How often GitLab may be asked in a run over fleetSize projects.
const (
	maxGroupWarm = 12
	maxGroupCold = fleetSize/5 + fleetSize*groupFiles/100 + 12
	groupFiles   = inEach + 3 // entries in a project's tree, about
)

// group is a fleet on a sandbox GitLab: projects of a group and its subgroups.
type group struct {
	*fleet
	gitlab *gitlab.Server
}

func newGroup(t testing.TB, w *world, program string) *group {
	t.Helper()
	g := &group{&fleet{world: w, program: program, dir: t.TempDir(), size: fleetSize}, gitlab.New(gitlab.Options{})}
	server := httptest.NewServer(g.answers.count(g.gitlab.Handler()))
	t.Cleanup(server.Close)
	g.url, g.cache = server.URL, filepath.Join(g.dir, "cache.json")
	g.gitlab.AddGroup("acme")
	g.gitlab.AddUser("ada")
	g.gitlab.AddToken(token, gitlab.Token{Login: "keeper", Kind: gitlab.PersonalToken})
	for i := range fleetSize {
		require.NoError(t, g.gitlab.CreateProject(projectOf(i), gitlab.ProjectOptions{}, g.projectFiles(i, false)...))
	}
	return g
}

func projectOf(i int) string { return fmt.Sprintf("acme/team%02d/service%05d", i%50, i) }

func (g *group) projectFiles(i int, stale bool) []gitlab.File {
	var all []gitlab.File
	for _, f := range g.files(i, stale) {
		all = append(all, gitlab.File{Path: f.Path, Content: f.Content})
	}
	return all
}

// bump runs basekeeper bump over the group.
func (g *group) bump(t testing.TB, config string) spent {
	t.Helper()
	path := filepath.Join(g.dir, "run.yaml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	reads, writes := g.gitlab.Counts()
	g.answers.forget()
	g.forget()
	s := spent{usage: execute(t, g.dir, []string{"GITLAB_TOKEN=" + token, "CI_SERVER_URL=" + g.url},
		g.program, "bump", "--group", "acme", "--time-limit", "240h", "--config", path, "--cache", g.cache)}
	s.reads, s.writes = g.gitlab.Counts()
	s.reads, s.writes = s.reads-reads, s.writes-writes
	s.bytes, s.registry = g.answers.asked().bytes, g.asked()
	return s
}

// TestGroup holds a run over a group on GitLab to its figures.
func TestGroup(t *testing.T) {
	g := newGroup(t, memory(t), hurried(t))
	steps := []struct {
		name   string
		stale  int // projects that fall behind before
		config string
		most   int // requests
		writes int // at most
	}{
		{name: "cold", config: plain, most: maxGroupCold},
		{name: "warm", config: plain, most: maxGroupWarm},
		{name: "one bump", stale: 1, config: plain, most: maxGroupWarm + 6, writes: maxWrites},
		{name: "warm, after it", config: plain, most: maxGroupWarm},
		{name: "20 bumps with wishes", stale: 20, config: wishes, most: maxGroupWarm + 5*20, writes: 20 * maxWrites},
		{name: "warm, with 21 merge requests", config: plain, most: maxGroupWarm},
	}
	behind := 0
	for _, step := range steps {
		for range step.stale {
			_, err := g.gitlab.Push(projectOf(behind), "main", "ada", "go back", g.projectFiles(behind, true)...)
			require.NoError(t, err)
			behind++
		}
		got := g.bump(t, step.config)
		got.log(t, step.name)
		assert.LessOrEqual(t, got.forge(), step.most, step.name)
		assert.LessOrEqual(t, got.writes, step.writes, step.name)
		assert.Equal(t, step.stale > 0, got.writes > 0, step.name)
		assert.Equal(t, tags, got.registry.head, step.name)
		opened := 0
		for i := range behind {
			opened += len(g.gitlab.MergeRequests(projectOf(i)))
		}
		assert.Equal(t, behind, opened, step.name)
	}
}
