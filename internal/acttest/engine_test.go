package acttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// engine is a Docker engine, and how it is reached.
type engine struct {
	dir    string // for its data and ours
	host   string // DOCKER_HOST; empty for the machine's own
	daemon *exec.Cmd
	images []string // to remove from an engine that is not ours
}

// errMissing is what the machine lacks.
type errMissing struct{ what string }

func (e errMissing) Error() string {
	return e.what + " (run .ci/packages and make tools as root, and go test through make)"
}

// need returns the engine, which all tests share. Where the machine cannot have
// one the test is skipped, or fails with CI set.
func need(t testing.TB) *engine {
	t.Helper()
	e, err := theEngine()
	orSkip(t, err)
	return e
}

func orSkip(t testing.TB, err error) {
	t.Helper()
	if missing := (errMissing{}); errors.As(err, &missing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var theEngine = sync.OnceValues(startEngine)

func TestMain(m *testing.M) {
	code := m.Run()
	if started.Load() {
		if e, err := theEngine(); err == nil {
			err = e.stop()
			if err != nil {
				fmt.Fprintln(os.Stderr, "stop engine:", err)
				code = max(code, 1)
			}
		}
	}
	os.Exit(code)
}

// startEngine starts an engine with everything of its own. Someone who is not
// root uses the one that the machine has running, as on GitHub's runners.
func startEngine() (*engine, error) {
	started.Store(true)
	if _, err := exec.LookPath("docker"); err != nil {
		return nil, errMissing{"docker is not installed"}
	}
	dir, err := os.MkdirTemp("", "basekeeper-acttest-")
	if err != nil {
		return nil, err
	}
	e := &engine{dir: dir}
	if os.Getuid() != 0 {
		if err := e.run(nil, io.Discard, "version"); err != nil {
			return nil, errors.Join(errMissing{"not root, and the machine's own Docker engine does not answer"}, os.RemoveAll(dir))
		}
		return e, nil
	}
	program, err := exec.LookPath("dockerd")
	if err != nil {
		return nil, errors.Join(errMissing{"dockerd is not installed"}, os.RemoveAll(dir))
	}
	e.host = "unix://" + filepath.Join(dir, "socket")
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	e.daemon = exec.Command(program, "--bridge=none", "--iptables=false", "--ip6tables=false",
		"--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"),
		"--pidfile", filepath.Join(dir, "pid"), "-H", e.host)
	e.daemon.Stdout, e.daemon.Stderr = log, log
	e.daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := e.daemon.Start(); err != nil {
		return nil, err
	}
	for range 150 {
		if e.run(nil, io.Discard, "version") == nil {
			return e, nil
		}
		time.Sleep(200 * time.Millisecond)
	}
	said, _ := os.ReadFile(log.Name())
	return nil, errors.Join(fmt.Errorf("the Docker engine does not answer:\n%s", said), e.stop())
}

// stop ends the engine and removes all that it had.
func (e *engine) stop() error {
	var err error
	for _, image := range e.images {
		err = errors.Join(err, e.run(nil, io.Discard, "image", "rm", "--force", image))
	}
	if e.daemon != nil {
		err = errors.Join(err, e.daemon.Process.Signal(syscall.SIGTERM))
		timer := time.AfterFunc(30*time.Second, func() { _ = e.daemon.Process.Kill() })
		_ = e.daemon.Wait() // it ends as we asked
		timer.Stop()
	}
	return errors.Join(err, unmount(e.dir), os.RemoveAll(e.dir))
}

// unmount lets go of what the engine has mounted below dir and left behind.
func unmount(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if errors.Is(err, fs.ErrNotExist) { // not Linux
		return nil
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			err = errors.Join(err, exec.Command("umount", fields[1]).Run())
		}
	}
	return err
}

// command returns a docker command for this engine.
func (e *engine) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = e.environ()
	return cmd
}

// environ has Docker's classic builder build: an action's Dockerfile must not
// need another.
func (e *engine) environ() []string {
	env := append(os.Environ(), "DOCKER_BUILDKIT=0", "DOCKER_CONFIG="+filepath.Join(e.dir, "config"), "DOCKER_CONTEXT=")
	if e.host != "" {
		env = append(env, "DOCKER_HOST="+e.host)
	}
	return env
}

func (e *engine) run(in io.Reader, out io.Writer, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	cmd := e.command(ctx, args...)
	var errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("docker %s: %w\n%s", args[0], err, &errs)
	}
	return nil
}

// output runs a docker command and returns what it prints.
func (e *engine) output(args ...string) (string, error) {
	var out bytes.Buffer
	err := e.run(nil, &out, args...)
	return out.String(), err
}
