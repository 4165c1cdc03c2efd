package cli_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
)

// gauge is an output that measures, now and then, how much of the heap is in
// use while the program is still running.
type gauge struct {
	writes, bytes int
	every         int
	top           uint64 // bytes of live heap
}

func (g *gauge) Write(p []byte) (int, error) {
	g.writes++
	g.bytes += len(p)
	if g.writes%g.every == 0 {
		g.top = max(g.top, live())
	}
	return len(p), nil
}

// live returns the bytes of the heap that are reachable.
func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Ten thousand Dockerfiles are scanned one by one: each is printed as soon as
// it has been read, and what is held does not grow with them.
func TestScanOfALargeTreeHoldsLittle(t *testing.T) {
	const files, size, most = 10_000, 1 << 10, 1 << 20
	dir := t.TempDir()
	padding := strings.Repeat("# "+strings.Repeat("x", 62)+"\n", size/65)
	for i := range files {
		path := filepath.Join(dir, fmt.Sprintf("%02d", i/100))
		if i%100 == 0 {
			require.NoError(t, os.Mkdir(path, 0o755))
		}
		content := fmt.Sprintf("FROM r.io/app%d:1@sha256:%064d\n%s", i, i, padding)
		require.NoError(t, os.WriteFile(filepath.Join(path, fmt.Sprint("Dockerfile.", i)), []byte(content), 0o600))
	}
	for format, part := range map[string]string{"json": dir, "table": filepath.Join(dir, "00")} {
		t.Run(format, func(t *testing.T) {
			files := files
			if part != dir {
				files = 100
			}
			out := &gauge{every: files / 10}
			before := live()
			code := cli.Main(context.Background(), cli.Env{
				Args: []string{"scan", "--format", format, part}, Stdout: out, Stderr: io.Discard,
				Getenv: func(string) string { return "" }, Now: time.Now,
			})
			require.Equal(t, 0, code)
			assert.GreaterOrEqual(t, out.writes, files, "the output must stream, file by file")
			assert.Greater(t, out.bytes, files*len("Dockerfile"))
			held := max(out.top, before) - before
			t.Logf("%d files of %d bytes: %d KiB held at most", files, len(padding), held>>10)
			assert.Less(t, held, uint64(most), "of %d KiB that were read", files*size>>10)
		})
	}
}
