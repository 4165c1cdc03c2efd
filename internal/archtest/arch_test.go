package archtest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write golden files")

func TestFloors(t *testing.T) {
	files, err := readTree(os.DirFS("../.."))
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, f := range files {
		seen[f.pkg()] = true
	}
	require.True(t, seen["internal/image"] && seen["internal/archtest"], "the tree was not found")
	for _, v := range violations(files, floors) {
		t.Error(v)
	}
}

// TestTheCheckCanFail runs the check over small trees that break its rules,
// one each; want.golden says what must be reported.
func TestTheCheckCanFail(t *testing.T) {
	trees, err := filepath.Glob("testdata/*")
	require.NoError(t, err)
	require.NotEmpty(t, trees)
	for _, tree := range trees {
		t.Run(filepath.Base(tree), func(t *testing.T) {
			files, err := readTree(os.DirFS(tree))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			got := violations(files, floors)
			assert.Equal(t, strings.HasPrefix(filepath.Base(tree), "good"), len(got) == 0)
			text := strings.Join(append(got, ""), "\n")
			golden := filepath.Join(tree, "want.golden")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err, "run go test -update, then read the diff")
			assert.Equal(t, string(want), text)
		})
	}
}

func TestBrokenFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "internal"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "internal", "x.go"), []byte("no go"), 0o644))
	_, err := readTree(os.DirFS(dir))
	assert.ErrorContains(t, err, "internal/x.go")
}

// TestTimeZones: schedules name time zones, and the container has no database of
// them but the program's own.
func TestTimeZones(t *testing.T) {
	files, err := readTree(os.DirFS("../.."))
	require.NoError(t, err)
	var imports []string
	for _, f := range files {
		if f.pkg() == "cmd/basekeeper" {
			imports = append(imports, f.imports...)
		}
	}
	assert.Contains(t, imports, "time/tzdata")
}

// TestTable holds the table itself to the design: which floors are pure, and
// that names say what a helper is.
func TestTable(t *testing.T) {
	for pkg, r := range floors {
		if r.floor <= 4 || pkg == "internal/render" {
			assert.Equal(t, pure, r.kind, pkg)
		}
		if r.floor == 6 {
			assert.Contains(t, []kind{flow, rim}, r.kind, pkg)
		}
		assert.Equal(t, r.kind == helper, strings.HasSuffix(pkg, "test"), "a helper is named …test, and nothing else is: %s", pkg)
	}
}
