package lifecycletest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli/clitest"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// chaosNow is when the lifecycle's tests of what goes wrong take place.
var chaosNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// answer is what a registry answers, or somebody in its place.
type answer struct {
	status int
	header http.Header
	body   []byte
	sent   int // bytes of the body that go out before the connection breaks; all if it is not less
}

// says is an answer of a status alone; pairs are header names and values.
func says(status int, pairs ...string) *answer {
	a := &answer{status: status, header: http.Header{}}
	for i := 0; i < len(pairs); i += 2 {
		a.header.Set(pairs[i], pairs[i+1])
	}
	return a
}

// refuses is an answer with an error code of the specification.
func refuses(status int, code string) *answer {
	a := says(status, "Content-Type", "application/json")
	a.body = fmt.Appendf(nil, `{"errors":[{"code":%q,"message":"no"}]}`, code)
	a.sent = len(a.body)
	return a
}

// meddler answers the nth request, from 1 on, in the registry's place, or has
// pass bring it there. Nil breaks the connection without an answer.
type meddler func(n int, r *http.Request, pass func() *answer) *answer

// front is a proxy before a registry.
type front struct {
	t    testing.TB
	to   string
	addr string         // 127.0.0.1:PORT
	busy sync.WaitGroup // what is under way
	n    atomic.Int32   // requests

	mu     sync.Mutex
	meddle meddler
	asked  []string // what came to the registry, as METHOD PATH STATUS
}

// let has another meddler from now on.
func (f *front) let(meddle meddler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.meddle = meddle
}

// newFront starts a proxy; without a meddler it only looks on.
func newFront(t testing.TB, host registrytest.Host, meddle meddler) *front {
	t.Helper()
	f := &front{t: t, to: host.Addr, meddle: meddle}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.addr = strings.TrimPrefix(server.URL, "http://")
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.busy.Add(1)
	defer f.busy.Done()
	n := int(f.n.Add(1))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	pass := func() *answer { return f.forward(r, body) }
	f.mu.Lock()
	meddle := f.meddle
	f.mu.Unlock()
	var a *answer
	if meddle == nil {
		a = pass()
	} else {
		a = meddle(n, r, pass)
	}
	if a == nil {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if r.Method != http.MethodHead {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if _, err := w.Write(a.body[:min(a.sent, len(a.body))]); err != nil || a.sent < len(a.body) {
		panic(http.ErrAbortHandler)
	}
}

// forward brings a request to the registry, whoever still waits for it.
func (f *front) forward(r *http.Request, body []byte) *answer {
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, "http://"+f.to+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		f.t.Error(err)
		return nil
	}
	req.Header, req.Host = r.Header.Clone(), r.Host
	resp, err := passing.RoundTrip(req)
	if err != nil {
		f.t.Error(err)
		return nil
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Error(err)
		return nil
	}
	f.mu.Lock()
	f.asked = append(f.asked, fmt.Sprintf("%s %s %d", r.Method, r.URL.Path, resp.StatusCode))
	f.mu.Unlock()
	return &answer{status: resp.StatusCode, header: resp.Header, body: content, sent: len(content)}
}

// writes returns the requests that changed something, or asked for it.
func (f *front) writes() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, r := range f.asked {
		if !strings.HasPrefix(r, "GET ") && !strings.HasPrefix(r, "HEAD ") {
			all = append(all, r)
		}
	}
	return all
}

// chaosRun runs a command in this process, without waiting between attempts.
func chaosRun(t testing.TB, now time.Time, env map[string]string, args ...string) clitest.Ran {
	t.Helper()
	p := clitest.Program{Env: env, Now: now, Wait: clitest.NoWait}
	return p.Run(t.Context(), append([]string{args[0], "--cache", "none"}, args[1:]...)...)
}

// chaosOK runs a command that has to end well.
func chaosOK(t testing.TB, now time.Time, env map[string]string, args ...string) clitest.Ran {
	t.Helper()
	got := chaosRun(t, now, env, args...)
	require.Equal(t, 0, got.Status, "%q\n%s\n%s", args, got.Out, got.Errors)
	return got
}

// programs is where the tests put the program that they run: nothing may be run
// from memory everywhere.
var programs string

// TestMain lets registries keep their files in memory where there is room for
// them: they wait for the disk at each PUT.
func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "basekeeper-programs-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(programs) }() // what is left there does no harm
	files, err := os.MkdirTemp(inMemory(), "basekeeper-lifecycle-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(files) }()
	if err := os.Setenv("TMPDIR", files); err != nil {
		panic(err)
	}
	return m.Run()
}

// inMemory is a folder in memory with a gigabyte left; empty for none.
func inMemory() string {
	const folder = "/dev/shm"
	var room syscall.Statfs_t
	if err := syscall.Statfs(folder, &room); err != nil || room.Bavail*uint64(room.Bsize) < 1<<30 {
		return ""
	}
	return folder
}

// clocked builds the program that processes are made of, once.
var clocked = sync.OnceValues(func() (program string, err error) {
	program = filepath.Join(programs, "basekeeper")
	out, err := exec.Command("go", "build", "-o", program, "github.com/basekeeper/basekeeper/internal/cli/clocked").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build clocked: %w: %s", err, out)
	}
	return program, nil
})

// chaosProcess is a command as a process of its own.
func chaosProcess(t testing.TB, now time.Time, env map[string]string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := clocked()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), program, append([]string{args[0], "--cache", "none"}, args[1:]...)...)
	cmd.Env = []string{"BASEKEEPER_TEST_NOW=" + now.Format(time.RFC3339)}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Dir = t.TempDir()
	return cmd
}

// killAt runs a process whose registry is f, and kills it when it sends request
// n: before that is there, or once it is answered. It reports whether the
// process came as far as that.
func killAt(t testing.TB, f *front, n int, answered bool, cmd *exec.Cmd) bool {
	t.Helper()
	var dead atomic.Bool
	started := make(chan struct{})
	f.let(func(i int, _ *http.Request, pass func() *answer) *answer {
		<-started
		if i < n {
			return pass()
		}
		if i == n && answered {
			pass() // it is done, but nobody hears of it
		}
		dead.Store(true)
		_ = cmd.Process.Kill()
		return nil
	})
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(t, cmd.Start())
	close(started)
	err := cmd.Wait()
	f.busy.Wait()
	if !dead.Load() {
		require.NoError(t, err, "%s", output.String())
		return false
	}
	require.Error(t, err, "it was killed, and ended well")
	return true
}

// usedBy is a folder of repositories one of which is built on images.
func usedBy(t testing.TB, images ...string) string {
	t.Helper()
	dir := t.TempDir()
	git := filepath.Join(dir, "user", ".git")
	require.NoError(t, os.MkdirAll(filepath.Join(git, "objects"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(git, "refs"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(git, "HEAD"), []byte("ref: refs/heads/main\n"), 0o600))
	text := "FROM scratch\n"
	for _, image := range images {
		text += "FROM " + image + "\n"
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "user", "Dockerfile"), []byte(text), 0o600))
	return dir
}
