package cli_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

func TestWhatRepositoriesHoldIsReadAsItIs(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o := newOrgOn(t, on)
		old := o.publish("base", "1", "one")
		from := "FROM " + o.pin("base", "1", old)
		regular := kind{}
		o.repository("acme/crlf", regular, "Dockerfile", "\ufeff"+from+"\r\nRUN true")
		o.repository("acme/latin1", regular, "Dockerfile", "# caf\xe9\n"+from+"\n")
		o.repository("acme/deep", kind{TreeLimit: 3}, "a/b/c/Dockerfile", from+"\n", "a/x", "", "b/Dockerfile.prod", from+"\n", "c/y", "")
		o.repository("acme/lfs", regular, "Dockerfile", "version https://git-lfs.people.com/spec/v1\noid sha256:"+strings.Repeat("a", 64)+"\nsize 1\n", "x/Dockerfile", from+"\n")
		o.repository("acme/large", regular, "Dockerfile", from+"\n#"+strings.Repeat("x", 2<<20))
		o.repository("acme/empty", kind{Empty: true})
		o.repository("acme/archived", kind{Archived: true}, "Dockerfile", from+"\n")
		require.NoError(t, o.people.Create("acme/modes", regular,
			git.File{Path: "Dockerfile", Mode: git.ModeExecutable, Content: []byte(from + "\n")},
			git.File{Path: "sub/Dockerfile", Mode: git.ModeSubmodule, Content: []byte(strings.Repeat("1", 40))},
			git.File{Path: "link/Dockerfile", Mode: git.ModeSymlink, Content: []byte("../build/image")},
			git.File{Path: "build/image", Content: []byte(from + "\nRUN linked\n")},
			git.File{Path: "broken/Dockerfile", Mode: git.ModeSymlink, Content: []byte("/etc/passwd")},
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
		require.NoError(t, o.people.WriteBare("acme/modes", dir))
		assert.Contains(t, gitOutput(t, dir, "ls-tree", o.only("acme/modes").Head, "Dockerfile"), "100755 blob")
		reads := func() int { r, _ := o.people.Counts(); return r }
		o.people.ResetRequests()
		assert.Equal(t, 4, o.run("bump", "--organization", "acme").status)
		_, writes := o.people.Counts()
		assert.Zero(t, writes)
		assert.Equal(t, 1, reads(), "what cannot be read is remembered too")
	})
}

func TestNewLimitGoesOnInTheNextRun(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, old, _ := app(t, on)
		for i := range 4 {
			o.repository(fmt.Sprintf("acme/x%d", i), kind{}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
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
	})
}

func TestFiltersAndUnknownRepositories(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, old, _ := app(t, on)
		o.repository("acme/fork", kind{Fork: true}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
		o.repository("acme/topic", kind{Topics: []string{"docker"}}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
		o.repository("ada/own", kind{Private: true}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
		o.bump(0, o.config("repositories: {topics: [docker]}\n")...)
		assert.Len(t, o.open("acme/topic"), 1)
		assert.Empty(t, o.open("acme/app"))
		o.repository("acme/archived", kind{Archived: true}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
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
	})
}

// gitOutput is what git says in a folder.
func gitOutput(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...).CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
	return string(out)
}

func TestOneImageAlone(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		second := o.publish("other", "2", "one")
		o.push("acme/app", "main", "x/Dockerfile", "FROM "+o.pin("other", "2", second)+"\n")
		o.publish("other", "2", "two")
		o.bump(0, "--image", o.registry.Host()+"/other:2")
		p := o.only("acme/app")
		assert.Equal(t, []string{"x/Dockerfile"}, p.Files)
		o.bump(0)
		assert.Len(t, o.open("acme/app"), 2)
		writes := o.writes(func() { o.bump(0, "--image", o.registry.Host()+"/other:2") })
		assert.Zero(t, writes)
		assert.Len(t, o.open("acme/app"), 2, "the other one is no business of this run")
	})
}

// Names that mean something to a shell, a URL or Markdown are names.
func TestHostileNames(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o := newOrgOn(t, on)
		from := "FROM " + o.pin("base", "1", o.publish("base", "1", "one")) + "\n"
		names := []string{"-rf/Dockerfile", "a b/#?&%2F/Dockerfile", "$(id)/`x`/Dockerfile", "ümläut/Dockerfile", "x\n/close\n|*[a](b)/Dockerfile", "c:\\d\"'/Dockerfile"}
		var files []string
		for _, name := range names {
			files = append(files, name, from)
		}
		o.repository("acme/app", kind{}, files...)
		next := o.publish("base", "1", "two")
		o.bump(0)
		p := o.only("acme/app")
		assert.ElementsMatch(t, names, p.Files)
		for _, name := range names {
			assert.Contains(t, o.file("acme/app", p.Head, name), string(next), name)
		}
		o.quiet()
	})
}
