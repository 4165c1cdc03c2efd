package cli_test

import (
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// config writes a run's configuration and returns the flags that name it.
func (o *org) config(text string) []string {
	o.t.Helper()
	path := filepath.Join(o.dir, "run.yaml")
	require.NoError(o.t, os.WriteFile(path, []byte(text), 0o644))
	return []string{"--config", path}
}

func TestARepositorysOwnConfiguration(t *testing.T) {
	tests := map[string]struct {
		own  string
		want func(*testing.T, *org, ran)
		exit int
	}{
		"says no": {own: "enabled: false\n", want: func(t *testing.T, o *org, got ran) {
			assert.Empty(t, o.open("acme/app"))
			assert.Contains(t, got.out, "enabled: false")
		}},
		"is wrong": {own: "colour: red\n", exit: 4, want: func(t *testing.T, o *org, got ran) {
			assert.Empty(t, o.open("acme/app"))
			assert.Contains(t, got.out, ".github/basekeeper.yaml:1:1: unknown key `colour`")
		}},
		"excludes the file": {own: "exclude: [Dockerfile]\n", want: func(t *testing.T, o *org, _ ran) { assert.Empty(t, o.open("acme/app")) }},
		"waits": {own: "cooldown: 3d\n", want: func(t *testing.T, o *org, got ran) {
			assert.Empty(t, o.open("acme/app"))
			assert.Contains(t, got.out, "cooldown")
		}},
		"has wishes": {own: "labels: [deps, base image]\nreviewers: [ada, acme/platform]\nassignees: [ada]\ndraft: true\ncommit-message: |\n  build: {{.Summary}}\n", want: func(t *testing.T, o *org, _ ran) {
			p := o.only("acme/app")
			assert.ElementsMatch(t, []string{"deps", "base image"}, p.Labels)
			assert.ElementsMatch(t, []string{"ada", "acme/platform"}, p.Reviewers)
			assert.Equal(t, []string{"ada"}, p.Assignees)
			assert.True(t, p.Draft)
			assert.True(t, strings.HasPrefix(p.Title, "build: bump "), p.Title)
		}},
		"wants it merged, which the run does not": {own: "automerge: squash\n", want: func(t *testing.T, o *org, _ ran) {
			assert.Empty(t, o.only("acme/app").AutoMerge)
		}},
		"wants none at a time": {own: "open-limit: 0\n", want: func(t *testing.T, o *org, got ran) {
			assert.Empty(t, o.open("acme/app"))
			assert.Contains(t, got.out, "open-limit")
		}},
		"is at home in another zone": {own: "schedule: {days: [mon], from: \"14:00\", to: \"15:00\", timezone: Asia/Kolkata}\n", want: func(t *testing.T, o *org, got ran) {
			assert.Empty(t, o.open("acme/app"), "13:00 UTC is 18:30 there")
			assert.Contains(t, got.out, "outside of the schedule")
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o, _, _ := app(t, ".github/basekeeper.yaml", tt.own)
			o.github.AddUser("ada")
			flags := o.config("version: 1\n")
			var got ran
			writes := o.writes(func() { got = o.bump(tt.exit, flags...) })
			assert.LessOrEqual(t, writes, 4)
			tt.want(t, o, got)
			o.github.ResetRequests()
			assert.Equal(t, tt.exit, o.run(append([]string{"bump", "--organization", "acme"}, flags...)...).status)
			_, writes = o.github.Counts()
			assert.Zero(t, writes)
		})
	}
}

func TestAutomergeMergesByItself(t *testing.T) {
	o, _, next := app(t)
	o.bump(0, o.config("automerge: squash\n")...)
	p := o.only("acme/app")
	assert.Equal(t, "SQUASH", p.AutoMerge)
	require.NoError(t, o.github.ChecksPassed("acme/app", p.Number))
	assert.Empty(t, o.open("acme/app"))
	assert.Contains(t, o.file("acme/app", "main", "Dockerfile"), string(next))
}

func TestAutomergeIsRefusedToGitHubsOwnToken(t *testing.T) {
	o, _, _ := app(t)
	o.github.AddToken("ghs_actions0123456789", hub.Token{Kind: hub.ActionsToken, Repositories: []string{"acme/app"}})
	o.extra["GITHUB_TOKEN"] = "ghs_actions0123456789"
	got := o.run(append([]string{"bump", "--repository", "acme/app"}, o.config("automerge: squash\n")...)...)
	require.Equal(t, 0, got.status, got.errors)
	assert.Contains(t, got.out, "GITHUB_TOKEN")
	assert.Empty(t, o.only("acme/app").AutoMerge)
}

func TestReleaseLinesHavePullRequestsOfTheirOwn(t *testing.T) {
	o, old, _ := app(t, ".basekeeper.yaml", "base-branches: [$default, \"release/*\"]\n")
	_, err := o.github.Push("acme/app", "release/1", "ada", "a line", hub.File{Path: "old/Dockerfile", Content: []byte("FROM " + o.pin("base", "1", old) + "\n")})
	require.NoError(t, err)
	o.bump(0)
	open := o.open("acme/app")
	require.Len(t, open, 2)
	assert.True(t, strings.HasPrefix(open[0], "main <- basekeeper/"), open)
	assert.True(t, strings.HasPrefix(open[1], "release/1 <- basekeeper/"), open)
	o.quiet()
	o.publish("base", "1", "three")
	o.bump(0)
	assert.Len(t, o.open("acme/app"), 2)
	o.quiet()
}

func TestGroupedInOnePullRequest(t *testing.T) {
	o, old, _ := app(t)
	second := o.publish("other", "2", "one")
	_, err := o.github.Push("acme/app", "main", "ada", "another", hub.File{Path: "x/Dockerfile", Content: []byte("FROM " + o.pin("other", "2", second) + "\nCOPY --from=" + o.pin("base", "1", old) + " / /\n")})
	require.NoError(t, err)
	third := o.publish("other", "2", "two")
	flags := o.config("group: repository\n")
	o.bump(0, flags...)
	p := o.only("acme/app")
	assert.Equal(t, "basekeeper/all", p.Head)
	assert.Equal(t, []string{"Dockerfile", "x/Dockerfile"}, p.Files)
	assert.Contains(t, o.file("acme/app", p.Head, "x/Dockerfile"), string(third))
	o.quiet(flags...)
	o.publish("other", "2", "one") // back: that half is not wanted any more
	o.bump(0, flags...)
	after := o.only("acme/app")
	assert.Equal(t, p.Number, after.Number)
	assert.NotContains(t, o.file("acme/app", after.Head, "x/Dockerfile"), string(third))
	o.quiet(flags...)
}

func TestOneImageAlone(t *testing.T) {
	o, _, _ := app(t)
	second := o.publish("other", "2", "one")
	_, err := o.github.Push("acme/app", "main", "ada", "another", hub.File{Path: "x/Dockerfile", Content: []byte("FROM " + o.pin("other", "2", second) + "\n")})
	require.NoError(t, err)
	o.publish("other", "2", "two")
	o.bump(0, "--image", o.registry.Host()+"/other:2")
	p := o.only("acme/app")
	assert.Equal(t, []string{"x/Dockerfile"}, p.Files)
	o.bump(0)
	assert.Len(t, o.open("acme/app"), 2)
	writes := o.writes(func() { o.bump(0, "--image", o.registry.Host()+"/other:2") })
	assert.Zero(t, writes)
	assert.Len(t, o.open("acme/app"), 2, "the other one is no business of this run")
}

func TestWhatRepositoriesHoldIsReadAsItIs(t *testing.T) {
	o := newOrg(t)
	old := o.publish("base", "1", "one")
	from := "FROM " + o.pin("base", "1", old)
	regular := hub.RepositoryOptions{}
	o.repository("acme/crlf", regular, "Dockerfile", "\ufeff"+from+"\r\nRUN true")
	o.repository("acme/latin1", regular, "Dockerfile", "# caf\xe9\n"+from+"\n")
	o.repository("acme/deep", hub.RepositoryOptions{TreeLimit: 3}, "a/b/c/Dockerfile", from+"\n", "a/x", "", "b/Dockerfile.prod", from+"\n", "c/y", "")
	o.repository("acme/lfs", regular, "Dockerfile", "version https://git-lfs.github.com/spec/v1\noid sha256:"+strings.Repeat("a", 64)+"\nsize 1\n", "x/Dockerfile", from+"\n")
	o.repository("acme/large", regular, "Dockerfile", from+"\n#"+strings.Repeat("x", 2<<20))
	o.repository("acme/empty", hub.RepositoryOptions{Empty: true})
	o.repository("acme/archived", hub.RepositoryOptions{Archived: true}, "Dockerfile", from+"\n")
	require.NoError(t, o.github.CreateRepository("acme/modes", regular,
		hub.File{Path: "Dockerfile", Mode: git.ModeExecutable, Content: []byte(from + "\n")},
		hub.File{Path: "sub/Dockerfile", Mode: git.ModeSubmodule, Content: []byte(strings.Repeat("1", 40))},
		hub.File{Path: "link/Dockerfile", Mode: git.ModeSymlink, Content: []byte("../build/image")},
		hub.File{Path: "build/image", Content: []byte(from + "\nRUN linked\n")},
		hub.File{Path: "broken/Dockerfile", Mode: git.ModeSymlink, Content: []byte("/etc/passwd")},
	))
	next := o.publish("base", "1", "two")
	got := o.bump(4)
	replaced := strings.Replace(from, string(old), string(next), 1)
	for name, want := range map[string]map[string]string{
		"acme/crlf":   {"Dockerfile": "\ufeff" + replaced + "\r\nRUN true"},
		"acme/latin1": {"Dockerfile": "# caf\xe9\n" + replaced + "\n"},
		"acme/deep":   {"a/b/c/Dockerfile": replaced + "\n", "b/Dockerfile.prod": replaced + "\n"},
		"acme/lfs":    {"x/Dockerfile": replaced + "\n"},
		"acme/modes":  {"Dockerfile": replaced + "\n", "build/image": replaced + "\nRUN linked\n"},
	} {
		p := o.only(name)
		for path, content := range want {
			assert.Equal(t, content, o.file(name, p.Head, path), "%s: %s", name, path)
		}
	}
	for _, name := range []string{"acme/large", "acme/empty", "acme/archived"} {
		assert.Empty(t, o.open(name), name)
	}
	for _, said := range []string{"acme/lfs/Dockerfile", "acme/large/Dockerfile", "acme/modes/broken/Dockerfile"} {
		assert.Contains(t, got.out, said)
	}
	dir := t.TempDir()
	require.NoError(t, o.github.WriteBare("acme/modes", dir))
	assert.Contains(t, gitOutput(t, dir, "ls-tree", o.only("acme/modes").Head, "Dockerfile"), "100755 blob")
	reads := func() int { r, _ := o.github.Counts(); return r }
	o.github.ResetRequests()
	assert.Equal(t, 4, o.run("bump", "--organization", "acme").status)
	_, writes := o.github.Counts()
	assert.Zero(t, writes)
	assert.Equal(t, 1, reads(), "what cannot be read is remembered too")
}

func TestASavedPlanIsCarriedOut(t *testing.T) {
	o, _, next := app(t)
	plan := filepath.Join(o.dir, "plan.json")
	got := o.run("plan", "--organization", "acme", "-o", plan)
	require.Equal(t, 0, got.status, got.errors)
	require.Empty(t, o.open("acme/app"), "a plan changes nothing")
	_, err := o.github.Push("acme/app", "main", "ada", "unrelated", hub.File{Path: "README", Content: []byte("x")})
	require.NoError(t, err)
	got = o.run("apply", plan)
	require.Equal(t, 0, got.status, got.errors)
	p := o.only("acme/app")
	assert.Contains(t, o.file("acme/app", p.Head, "Dockerfile"), string(next))
	assert.Equal(t, "x", o.file("acme/app", p.Head, "README"), "on top of what main is now")
	assert.Equal(t, []string{"Dockerfile"}, p.Files)

	writes := o.writes(func() { got = o.run("apply", plan) })
	assert.Zero(t, writes)
	assert.Contains(t, got.out, "has changed since the plan; run basekeeper plan again")
}

func TestASavedPlanRefusesAStaleFile(t *testing.T) {
	o, _, _ := app(t)
	plan := filepath.Join(o.dir, "plan.json")
	require.Equal(t, 0, o.run("plan", "--organization", "acme", "-o", plan).status)
	_, err := o.github.Push("acme/app", "main", "ada", "the file", hub.File{Path: "Dockerfile", Content: []byte("FROM scratch\n")})
	require.NoError(t, err)
	writes := o.writes(func() {
		got := o.run("apply", plan)
		assert.Equal(t, 1, got.status)
		assert.Contains(t, got.errors, "run basekeeper plan again")
	})
	assert.Zero(t, writes)
}

func TestTheResultForPrograms(t *testing.T) {
	o, _, _ := app(t)
	got := o.bump(0, "--format", "json")
	var result struct {
		Version  int
		Outcomes []struct {
			Pull struct {
				Repository, Step, URL string
				Number                int
			}
			Done, Signed bool
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &result))
	require.Len(t, result.Outcomes, 1)
	assert.Equal(t, "create", result.Outcomes[0].Pull.Step)
	assert.True(t, strings.HasSuffix(result.Outcomes[0].Pull.URL, "/acme/app/pull/1"))
	assert.True(t, result.Outcomes[0].Done && result.Outcomes[0].Signed)
}

func TestNewLimitGoesOnInTheNextRun(t *testing.T) {
	o, old, _ := app(t)
	for i := range 4 {
		o.repository(fmt.Sprintf("acme/x%d", i), hub.RepositoryOptions{}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
	}
	flags := o.config("new-limit: 2\n")
	count := func() (n int) {
		for _, name := range []string{"acme/app", "acme/x0", "acme/x1", "acme/x2", "acme/x3"} {
			n += len(o.open(name))
		}
		return n
	}
	for i, want := range []int{2, 4, 5, 5} {
		o.bump(0, flags...)
		assert.Equal(t, want, count(), "run %d", i)
	}
}

func TestFiltersAndUnknownRepositories(t *testing.T) {
	o, old, _ := app(t)
	o.repository("acme/fork", hub.RepositoryOptions{Fork: true}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
	o.repository("acme/topic", hub.RepositoryOptions{Topics: []string{"docker"}}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
	o.repository("ada/own", hub.RepositoryOptions{Private: true}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
	o.bump(0, o.config("repositories: {topics: [docker]}\n")...)
	assert.Len(t, o.open("acme/topic"), 1)
	assert.Empty(t, o.open("acme/app"))
	o.repository("acme/archived", hub.RepositoryOptions{Archived: true}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
	got := o.bump(0, o.config("repositories: {archived: true, topics: [nosuch]}\n")...)
	assert.Contains(t, got.errors, "left out: 3 × it has none of the topics asked for")
	got = o.bump(0, o.config("repositories: {archived: true}\n")...)
	assert.Contains(t, got.out, "acme/archived/Dockerfile:1")
	assert.Empty(t, o.open("acme/archived"), "it can be looked at, and no more")
	got = o.run("bump", "--repository", "acme/fork", "--repository", "acme/nosuch")
	assert.Equal(t, 4, got.status)
	assert.Contains(t, got.out, "acme/nosuch")
	assert.Len(t, o.open("acme/fork"), 1, "what is named is taken")
	got = o.run(append([]string{"bump"}, o.config("repositories: {users: [ada]}\n")...)...)
	assert.Equal(t, 0, got.status, got.out)
	assert.Len(t, o.open("ada/own"), 1)
}

func TestCheckAndPlanOnGitHubWriteNothing(t *testing.T) {
	o, _, _ := app(t)
	writes := o.writes(func() {
		assert.Equal(t, 3, o.run("check", "--exit-code", "--organization", "acme").status)
		got := o.run("bump", "--organization", "acme", "--dry-run")
		assert.Equal(t, 0, got.status)
		assert.Contains(t, got.out, "to open")
	})
	assert.Zero(t, writes)
}

func TestWrongUsageOnGitHub(t *testing.T) {
	o, _, _ := app(t)
	for want, args := range map[string][]string{
		"folders and repositories on a forge cannot be given together": {"bump", "--organization", "acme", "."},
		"want OWNER/NAME":    {"bump", "--repository", "app"},
		"--image":            {"bump", "--repository", "acme/app", "--image", "NOT an image"},
		"only https is safe": {"bump", "--repository", "acme/app", "--github-url", "http://example.org"},
	} {
		got := o.run(args...)
		assert.Equal(t, 2, got.status, args)
		assert.Contains(t, got.errors, want)
	}
	o.extra["GITHUB_TOKEN"] = ""
	got := o.run("bump", "--organization", "acme")
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.errors, "set GITHUB_TOKEN")
}

func TestTheEnterpriseServersPaths(t *testing.T) {
	o, _, _ := app(t)
	o.url += "/api/v3"
	o.bump(0)
	assert.Len(t, o.open("acme/app"), 1)
	for _, r := range o.github.Requests() {
		assert.True(t, strings.HasPrefix(r.Path, "/api/"), r.Path)
	}
}

func TestAWindowOpens(t *testing.T) {
	o, _, _ := app(t)
	flags := o.config("schedule: {days: [tue], from: \"08:00\", to: \"10:00\"}\n")
	o.bump(0, flags...)
	require.Empty(t, o.open("acme/app"))
	o.wait(20 * time.Hour) // Tuesday, 09:00
	o.bump(0, flags...)
	assert.Len(t, o.open("acme/app"), 1)
}

// gitOutput is what git says in a folder.
func gitOutput(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...).CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
	return string(out)
}

func TestPublishTellsOthers(t *testing.T) {
	o, _, next := app(t)
	o.repository("acme/keeper", hub.RepositoryOptions{}, "README", "")
	ref := o.registry.Host() + "/base:1"
	o.cache = "" // publish has none
	got := o.run("publish", ref, "--to", "acme/keeper,acme/nosuch")
	assert.Equal(t, 4, got.status, got.errors)
	assert.Equal(t, "told acme/keeper of "+ref+"@"+string(next)+"\n", got.out)
	assert.Contains(t, got.errors, "tell acme/nosuch: ")
	events := o.github.Dispatches("acme/keeper")
	require.Len(t, events, 1)
	payload, err := o.github.Payload(events[0])
	require.NoError(t, err)
	assert.Contains(t, string(payload), `"basekeeper-base-published"`)
	assert.Contains(t, string(payload), string(next))

	assert.Equal(t, 1, o.run("publish", ref+"0", "--to", "acme/keeper").status, "there is no such image")
	assert.Len(t, o.github.Dispatches("acme/keeper"), 1)
	for _, args := range [][]string{{"publish", ref}, {"publish", ref + "@" + string(next), "--to", "acme/keeper"}, {"publish", "NOT", "--to", "acme/keeper"}, {"publish", ref, "--to", "keeper"}} {
		assert.Equal(t, 2, o.run(args...).status, args)
	}
}

func TestWorkingAsAnApp(t *testing.T) {
	o, _, _ := app(t)
	key, err := rsa.GenerateKey(cryptorand.Reader, 2048)
	require.NoError(t, err)
	o.github.AddApp(7, "basekeeper", &key.PublicKey, hub.Installation{ID: 9, Account: "acme"})
	o.extra["GITHUB_TOKEN"], o.extra["BASEKEEPER_APP_ID"] = "", "7"
	file := filepath.Join(o.dir, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	require.NoError(t, os.WriteFile(file, text, 0o600))
	got := o.run("bump", "--installation", "--app-key", file)
	require.Equal(t, 0, got.status, got.errors)
	assert.Equal(t, "basekeeper[bot]", o.only("acme/app").Author)
	o.wait(2 * time.Hour) // its token is too old by now
	o.extra["BASEKEEPER_APP_KEY"] = string(text)
	o.publish("base", "1", "three")
	got = o.run("bump", "--organization", "acme")
	require.Equal(t, 0, got.status, got.errors)
	assert.Len(t, o.only("acme/app").Commits, 1)
	for want, change := range map[string]map[string]string{
		"a number":       {"BASEKEEPER_APP_ID": "seven"},
		"no private key": {"BASEKEEPER_APP_KEY": ""},
		"PEM":            {"BASEKEEPER_APP_KEY": "secret text"},
	} {
		was := maps.Clone(o.extra)
		maps.Copy(o.extra, change)
		got := o.run("bump", "--organization", "acme")
		assert.Equal(t, 2, got.status, want)
		assert.Contains(t, got.errors, want)
		assert.NotContains(t, got.errors, "secret text")
		o.extra = was
	}
}
