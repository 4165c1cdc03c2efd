package scan_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/scan"
)

// What the corpus of Dockerfiles is read as is the golden files next to it. A
// change of them would leave caches of the reader before believed.
func TestVersionGoesWithWhatFilesAreReadAs(t *testing.T) {
	const (
		version = 1
		want    = "4d93b9026b47fdc7"
	)
	files, err := filepath.Glob("../dockerfile/testdata/golden/*")
	require.NoError(t, err)
	require.Greater(t, len(files), 300)
	sum := sha256.New()
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		sum.Write([]byte(filepath.Base(file) + "\x00"))
		sum.Write(content)
	}
	assert.Equal(t, want, hex.EncodeToString(sum.Sum(nil))[:16],
		"if old files are read in another way, raise scan.Version; new files alone need the new sum here only")
	assert.Equal(t, version, scan.Version, "both change together")
}
