package benchtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

const (
	fleetSize = 1000
	inEach    = 3 // Dockerfiles in a repository, of two pins each; short, since parsing is measured elsewhere
	token     = "ghp_bench"
)

// fleet is an organisation on a sandbox GitHub whose repositories pin the tags
// of a registry; both say what they are asked. The program runs in a process
// of its own, without the race detector, which would make it ten times slower.
type fleet struct {
	*world
	program string
	github  *hub.Server
	answers counter // of GitHub
	url     string
	dir     string
	cache   string
	size    int
}

// newFleet makes n repositories, of which the first so many are behind with
// one image each.
func newFleet(t testing.TB, w *world, program string, n, stale int) *fleet {
	t.Helper()
	f := &fleet{world: w, program: program, github: hub.New(hub.Options{}), dir: t.TempDir(), size: n}
	server := httptest.NewServer(f.answers.count(f.github.Handler()))
	t.Cleanup(server.Close)
	f.url, f.cache = server.URL, filepath.Join(f.dir, "cache.json")
	f.github.AddOrganization("acme")
	f.github.AddUser("ada")
	f.github.AddToken(token, hub.Token{Login: "keeper", Kind: hub.UserToken})
	for i := range n {
		require.NoError(t, f.github.CreateRepository(nameOf(i), hub.RepositoryOptions{Language: "Go"}, f.files(i, i < stale)...))
	}
	return f
}

func nameOf(i int) string { return fmt.Sprintf("acme/service%05d", i) }

// first is the first tag of a repository's first Dockerfile, the one that it
// may be behind with.
func first(repository int) int { return 2 * inEach * repository % tags }

// files are those of a repository. One in ten has a configuration of its own.
func (f *fleet) files(i int, stale bool) []hub.File {
	pins := f.now
	if stale {
		pins[first(i)] = f.before[first(i)]
	}
	all := []hub.File{
		{Path: "README.md", Content: []byte("# " + nameOf(i) + "\n")},
		{Path: "cmd/app/main.go", Content: []byte("package main\n\nfunc main() {}\n")},
	}
	for j, path := range [inEach]string{"Dockerfile", "worker/Dockerfile", "test/e2e.Dockerfile"} {
		n := inEach*i + j
		content := "FROM " + f.pin(2*n%tags, pins) + " AS build\nFROM " + f.pin((2*n+1)%tags, pins) + "\nCOPY --from=build /out/app /app\n"
		all = append(all, hub.File{Path: path, Content: []byte(content)})
	}
	if i%10 == 0 {
		all = append(all, hub.File{Path: ".github/basekeeper.yaml", Content: []byte("open-limit: 5\n")})
	}
	return all
}

// pin is the reference of image i with its digest.
func (f *fleet) pin(i int, pins digests) string {
	repository, tag := place(i)
	return f.host + "/" + repository + ":" + tag + "@" + string(pins[i])
}

// move lets an image move on once more.
func (f *fleet) move(t testing.TB, i int) {
	t.Helper()
	repository, tag := place(i)
	f.now[i] = registrytest.PushIndex(t, registrytest.Host{Addr: f.host}, repository, tag, "linux/amd64", "linux/arm64").Digest
}

// users returns the repositories that use image i.
func (f *fleet) users(i int) []int {
	var all []int
	for r := range f.size {
		for j := range inEach {
			if n := inEach*r + j; 2*n%tags == i || (2*n+1)%tags == i {
				all = append(all, r)
			}
		}
	}
	return slices.Compact(all)
}

// fallBehind lets a person pin an image's former digest in a repository.
func (f *fleet) fallBehind(t testing.TB, repository int) {
	t.Helper()
	_, err := f.github.Push(nameOf(repository), "main", "ada", "go back", f.files(repository, true)...)
	require.NoError(t, err)
}

// spent is what a run took.
type spent struct {
	usage
	reads, writes int   // requests to GitHub
	points        int   // of GraphQL, by GitHub's published formula
	bytes         int64 // of GitHub's answers
	registry      asked
}

func (s spent) forge() int { return s.reads + s.writes }

// bump runs basekeeper bump over the organisation.
func (f *fleet) bump(t testing.TB, config string) spent {
	t.Helper()
	return f.run(t, config, "bump", "--time-limit", "240h")
}

// run runs one of the program's commands over the organisation. The sandbox's
// hourly limit is far away: its clock does not move as the program's does.
func (f *fleet) run(t testing.TB, config string, command ...string) spent {
	t.Helper()
	path := filepath.Join(f.dir, "run.yaml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	f.github.ResetRequests()
	const plenty = 1_000_000
	f.github.SetRemaining(token, "core", plenty)
	f.github.SetRemaining(token, "graphql", plenty)
	f.answers.forget()
	f.forget()
	s := spent{usage: execute(t, f.dir, []string{"GITHUB_TOKEN=" + token, "GITHUB_API_URL=" + f.url},
		append([]string{f.program}, append(command, "--organization", "acme", "--config", path, "--cache", f.cache)...)...)}
	s.reads, s.writes = f.github.Counts()
	s.bytes, s.registry = f.answers.asked().bytes, f.asked()
	s.points = plenty - f.remaining(t)
	return s
}

// remaining is what is left of GraphQL's points.
func (f *fleet) remaining(t testing.TB) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/rate_limit", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var answer struct {
		Resources struct{ GraphQL struct{ Remaining int } }
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	return answer.Resources.GraphQL.Remaining
}

// hurried builds the program with a clock that waits for nobody: GitHub's
// limits would have it take hours.
func hurried(t testing.TB) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "hurried")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/hurried").CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// open counts the open pull requests.
func (f *fleet) open() int {
	open := 0
	for i := range f.size {
		for _, p := range f.github.PullRequests(nameOf(i)) {
			if p.State == "OPEN" {
				open++
			}
		}
	}
	return open
}
