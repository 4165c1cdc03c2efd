package benchtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// measureKey makes the test program run its arguments and say what they took.
// A process is charged with the memory of the one that started it, and ours
// holds a registry; a copy without one holds less than what is measured.
const measureKey = "BASEKEEPER_MEASURE"

func TestMain(m *testing.M) {
	if os.Getenv(measureKey) == "" {
		os.Exit(m.Run())
	}
	if err := measure(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// usage is what a process took, the children that it waited for included.
type usage struct {
	Wall, CPU time.Duration
	Peak      float64 // the most resident memory of one of them, in MiB; Linux only
	Output    []byte
}

func measure(args []string) error {
	start := time.Now()
	cmd := exec.Command(args[0], args[1:]...)
	out, err := cmd.CombinedOutput()
	u := usage{Wall: time.Since(start), Output: out}
	if err != nil {
		return fmt.Errorf("%w\n%.4000s", err, out)
	}
	u.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	spent, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("this system does not say what a process took")
	}
	u.Peak = float64(spent.Maxrss) / 1024
	return json.NewEncoder(os.Stdout).Encode(u)
}

// execute runs a program to its end, in dir and with a home of its own.
func execute(t testing.TB, dir string, environ []string, program ...string) usage {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, program...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "HOME="+t.TempDir(), measureKey+"=1"), environ...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s", &stderr)
	var u usage
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &u))
	return u
}
