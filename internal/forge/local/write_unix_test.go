//go:build linux || darwin

package local_test

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/local"
)

// TestWriteLeavesNothingBehindWhereItCannotWrite bounds the size of files: that
// holds for root too, as a full disk does. The limit is a process's own, so
// that the test runs itself in another one.
func TestWriteLeavesNothingBehindWhereItCannotWrite(t *testing.T) {
	const inside = "BASEKEEPER_TEST_FILE_SIZE_LIMIT"
	if os.Getenv(inside) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), inside+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		require.Contains(t, string(out), "PASS")
		return
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "a", "dir/b": "b"})
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	limit.Cur = 100
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	err := local.Repository{Dir: dir}.Write(t.Context(), []forge.Change{
		change("a", "a", "new"), change("dir/b", "b", strings.Repeat("b", 1000)),
	})
	require.ErrorIs(t, err, syscall.EFBIG)
	require.ErrorContains(t, err, "write dir/b: ")
	assert.Equal(t, map[string]string{"a": "a", "dir/b": "b"}, contents(t, dir))
}
