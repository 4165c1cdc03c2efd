//go:build linux || darwin

package local_test

import (
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
// holds for root too, as a full disk does.
func TestWriteLeavesNothingBehindWhereItCannotWrite(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "a", "dir/b": "b"})
	limitFileSize(t, 100)
	err := local.Repository{Dir: dir}.Write(t.Context(), []forge.Change{
		change("a", "a", "new"), change("dir/b", "b", strings.Repeat("b", 1000)),
	})
	require.ErrorIs(t, err, syscall.EFBIG)
	require.ErrorContains(t, err, "write dir/b: ")
	assert.Equal(t, map[string]string{"a": "a", "dir/b": "b"}, contents(t, dir))
}

// limitFileSize lets this process write no file larger than limit bytes until
// the test ends.
func limitFileSize(t *testing.T, limit uint64) {
	t.Helper()
	var old syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old))
	signal.Ignore(syscall.SIGXFSZ)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: old.Max}))
	t.Cleanup(func() {
		assert.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old))
		signal.Reset(syscall.SIGXFSZ)
	})
}
