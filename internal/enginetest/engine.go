package enginetest

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
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Engine is a Docker engine, and how it is reached.
type Engine struct {
	dir    string // for its data and ours
	host   string // DOCKER_HOST; empty for the machine's own
	daemon *exec.Cmd
	images []string // to remove from an engine that is not ours
}

var (
	started atomic.Bool
	engine  = sync.OnceValues(start)
)

// Need returns the engine, which all tests of the binary share. Where the
// machine cannot have one the test is skipped, or fails with CI set.
func Need(t testing.TB) *Engine {
	t.Helper()
	e, err := engine()
	OrSkip(t, err)
	return e
}

// Main runs the tests, ends the engine if one was started, and returns the exit
// status.
func Main(m *testing.M) int {
	code := m.Run()
	if !started.Load() {
		return code
	}
	if e, err := engine(); err == nil {
		if err := e.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop engine:", err)
			code = max(code, 1)
		}
	}
	return code
}

// start starts an engine with everything of its own. Someone who is not root
// uses the one that the machine has running, as on GitHub's runners.
func start() (*Engine, error) {
	started.Store(true)
	if _, err := exec.LookPath("docker"); err != nil {
		return nil, MissingError{"docker is not installed"}
	}
	dir, err := os.MkdirTemp("", "basekeeper-engine-")
	if err != nil {
		return nil, err
	}
	e := &Engine{dir: dir}
	if os.Getuid() != 0 {
		if err := e.Run(nil, io.Discard, "version"); err != nil {
			return nil, errors.Join(MissingError{"not root, and the machine's own Docker engine does not answer"}, os.RemoveAll(dir))
		}
		return e, nil
	}
	program, err := exec.LookPath("dockerd")
	if err != nil {
		return nil, errors.Join(MissingError{"dockerd is not installed"}, os.RemoveAll(dir))
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
	ownGroup(e.daemon)
	if err := e.daemon.Start(); err != nil {
		return nil, err
	}
	for range 150 {
		if e.Run(nil, io.Discard, "version") == nil {
			return e, nil
		}
		time.Sleep(200 * time.Millisecond)
	}
	said, _ := os.ReadFile(log.Name())
	return nil, errors.Join(fmt.Errorf("the Docker engine does not answer:\n%s", said), e.stop())
}

// stop ends the engine and removes all that it had.
func (e *Engine) stop() error {
	var err error
	for _, image := range e.images {
		err = errors.Join(err, e.Run(nil, io.Discard, "image", "rm", "--force", image))
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

// Environ returns the environment of this process with what makes programs
// that call docker reach this engine. Docker's classic builder builds: the
// Dockerfile must not need another.
func (e *Engine) Environ() []string {
	env := append(os.Environ(), "DOCKER_BUILDKIT=0", "DOCKER_CONFIG="+filepath.Join(e.dir, "config"), "DOCKER_CONTEXT=")
	if e.host != "" {
		env = append(env, "DOCKER_HOST="+e.host)
	}
	return env
}

// Run runs a docker command. The error has what it said.
func (e *Engine) Run(in io.Reader, out io.Writer, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = e.Environ()
	var errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("docker %s: %w\n%s", args[0], err, &errs)
	}
	return nil
}

// Output runs a docker command and returns what it prints.
func (e *Engine) Output(args ...string) (string, error) {
	var out bytes.Buffer
	err := e.Run(nil, &out, args...)
	return out.String(), err
}
