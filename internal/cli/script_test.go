package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/basekeeper/basekeeper/internal/cli"
	"github.com/basekeeper/basekeeper/internal/cli/clitest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"basekeeper": func() { os.Exit(testMain()) }})
}

// testMain is the program's main with a clock that scripts can set, and
// without the waiting between attempts.
func testMain() int {
	now := time.Now
	if at := os.Getenv("BASEKEEPER_TEST_NOW"); at != "" {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			panic(err)
		}
		now = func() time.Time { return t }
	}
	return cli.Main(context.Background(), cli.Env{
		Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Now: now, Sleep: noSleep,
	})
}

var noSleep = clitest.NoWait

// TestScript runs testdata/script. Besides testscript's own commands there are:
//
//	publish NAME REPO:TAG LAYER [PLATFORM|attested...]
//	                      push an image and set $NAME, $NAME_HEX and $NAME_SHORT
//	                      to its digest
//	unpublish REPO:TAG|REPO@DIGEST
//	expand [FILE...]      replace %NAME% by the variable, in all files by default
//	chomp FILE...         cut off the last newline
//	repo DIR...           make git work trees with an empty history
//	exitcode N CMD...     run a command that ends with exactly this status
//	fault KIND SUBSTRING  let requests for such paths fail (see stage)
//	mend                  let them pass again
//	asked METHOD MIN MAX  how many manifests were asked for since the last forget
//	forget
//	tidy DIR              nothing of ours is left lying about
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"publish": publish, "unpublish": unpublish, "expand": expand, "repo": repo, "exitcode": exitcode,
			"chomp": chomp, "fault": faults, "mend": mend, "asked": asked, "forget": forget, "tidy": tidy,
		},
	})
}

type stageKey struct{}

func setUp(env *testscript.Env) error {
	s, end, err := newStage(context.Background())
	if err != nil {
		return err
	}
	env.Defer(end)
	env.Values[stageKey{}] = s
	home := filepath.Join(env.WorkDir, ".home")
	env.Setenv("HOME", home)
	env.Setenv("REGISTRY", s.host)
	env.Setenv("BASEKEEPER_TEST_NOW", "2026-03-01T00:00:00Z")
	return os.Mkdir(home, 0o755)
}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

func publish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: publish NAME REPO:TAG LAYER [PLATFORM...]")
	}
	digest, err := stageOf(ts).publish(context.Background(), args[1], args[2], args[3:]...)
	ts.Check(err)
	ts.Setenv(args[0], string(digest))
	ts.Setenv(args[0]+"_HEX", digest.Encoded())
	ts.Setenv(args[0]+"_SHORT", digest.Short())
}

func unpublish(ts *testscript.TestScript, _ bool, args []string) {
	for _, ref := range args {
		ts.Check(stageOf(ts).unpublish(context.Background(), ref))
	}
}

var placeholder = regexp.MustCompile(`%[A-Z][A-Z0-9_]*%`)

func expand(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 0 {
		ts.Check(filepath.WalkDir(ts.MkAbs("."), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				args = append(args, path)
			}
			return err
		}))
	}
	for _, file := range args {
		content, err := os.ReadFile(ts.MkAbs(file))
		ts.Check(err)
		next := placeholder.ReplaceAllFunc(content, func(name []byte) []byte {
			value := ts.Getenv(string(name[1 : len(name)-1]))
			if value == "" {
				ts.Fatalf("expand %s: %s is not set", file, name)
			}
			return []byte(value)
		})
		if !bytes.Equal(next, content) {
			ts.Check(os.WriteFile(ts.MkAbs(file), next, 0o644))
		}
	}
}

func chomp(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		content, err := os.ReadFile(ts.MkAbs(file))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(file), bytes.TrimSuffix(content, []byte("\n")), 0o644))
	}
}

func repo(ts *testscript.TestScript, _ bool, args []string) {
	for _, dir := range args {
		git := filepath.Join(ts.MkAbs(dir), ".git")
		ts.Check(os.MkdirAll(filepath.Join(git, "objects"), 0o755))
		ts.Check(os.MkdirAll(filepath.Join(git, "refs"), 0o755))
		ts.Check(os.WriteFile(filepath.Join(git, "HEAD"), []byte("ref: refs/heads/main\n"), 0o644))
	}
}

func exitcode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode N CMD...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func faults(ts *testscript.TestScript, _ bool, args []string) { stageOf(ts).fail(args[0], args[1]) }

func mend(ts *testscript.TestScript, _ bool, _ []string) { stageOf(ts).mend() }

func asked(ts *testscript.TestScript, _ bool, args []string) {
	low, err := strconv.Atoi(args[1])
	ts.Check(err)
	high, err := strconv.Atoi(args[2])
	ts.Check(err)
	if got := stageOf(ts).asked(args[0]); got < low || got > high {
		ts.Fatalf("%d %s requests for manifests, want %d to %d", got, args[0], low, high)
	}
}

func forget(ts *testscript.TestScript, _ bool, _ []string) { stageOf(ts).forget() }

func tidy(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, _ fs.DirEntry, err error) error {
		if matched, _ := filepath.Match(".basekeeper-*", filepath.Base(path)); matched {
			ts.Fatalf("left over: %s", path)
		}
		return err
	}))
}
