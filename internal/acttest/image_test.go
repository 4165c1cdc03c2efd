package acttest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/enginetest"
)

// maxImage is what the image may weigh, compressed.
const maxImage = 12 << 20

func TestImage(t *testing.T) {
	e := enginetest.NeedImage(t)
	out, err := e.Output("run", "--rm", "--network", "none", enginetest.Image, "version")
	require.NoError(t, err)
	assert.Equal(t, "basekeeper "+enginetest.Version+"\n", out)

	t.Run("as GitLab's runner uses it", func(t *testing.T) {
		out, err := e.Output("run", "--rm", "--network", "none", "--entrypoint", "", enginetest.Image, "sh", "-c",
			"set -e; mkdir -p /builds/x; cd /builds/x; echo hello > f; cat f | grep -c hello; test -w /tmp; id=$(basekeeper version 2>&1 || true); ls /basekeeper")
		require.NoError(t, err)
		assert.Equal(t, "1\n/basekeeper\n", out)
	})

	t.Run("configuration", func(t *testing.T) {
		out, err := e.Output("image", "inspect", "--format", "{{json .Config}}", enginetest.Image)
		require.NoError(t, err)
		var config struct {
			User       string
			Entrypoint []string
			Cmd        []string
			Labels     map[string]string
		}
		require.NoError(t, json.Unmarshal([]byte(out), &config))
		assert.Empty(t, config.User, "GitHub demands root")
		assert.Equal(t, []string{"/basekeeper"}, config.Entrypoint)
		assert.Empty(t, config.Cmd)
		assert.Equal(t, enginetest.Version, config.Labels["org.opencontainers.image.version"])
		assert.Equal(t, "https://github.com/basekeeper/basekeeper", config.Labels["org.opencontainers.image.source"])
	})
}

// TestImageFiles looks into the layers: nothing but what is meant to be there,
// and no trace of where and when it was built.
func TestImageFiles(t *testing.T) {
	layers, size := save(t, enginetest.NeedImage(t))
	assert.Less(t, size, int64(maxImage))
	require.Len(t, layers, 1)
	var names []string
	contents := tar.NewReader(bytes.NewReader(layers[0]))
	for {
		h, err := contents.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		assert.Equal(t, time.Unix(0, 0).UTC(), h.ModTime.UTC(), h.Name)
		assert.Zero(t, h.Uid+h.Gid, h.Name)
		if h.Typeflag == tar.TypeReg {
			names = append(names, fmt.Sprintf("%s %o", h.Name, h.Mode&0o777))
		}
	}
	slices.Sort(names)
	assert.Equal(t, []string{"basekeeper 755", "bin/busybox 755", "etc/ssl/certs/ca-certificates.crt 644"}, names)
}

// save returns the image's layers and what they weigh compressed.
func save(t testing.TB, e *enginetest.Engine) (layers [][]byte, size int64) {
	t.Helper()
	var saved bytes.Buffer
	require.NoError(t, e.Run(nil, &saved, "image", "save", enginetest.Image))
	files := map[string][]byte{}
	archive := tar.NewReader(&saved)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if h.Typeflag == tar.TypeReg {
			files[h.Name], err = io.ReadAll(archive)
			require.NoError(t, err)
		}
	}
	var manifest []struct{ Layers []string }
	require.NoError(t, json.Unmarshal(files["manifest.json"], &manifest))
	require.Len(t, manifest, 1)
	for _, name := range manifest[0].Layers {
		layers = append(layers, files[name])
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed) // as registries are given them
		_, err := w.Write(files[name])
		require.NoError(t, err)
		require.NoError(t, w.Close())
		size += int64(packed.Len())
	}
	return layers, size
}

// extract takes the program out of the image.
func extract(t testing.TB, e *enginetest.Engine) string {
	t.Helper()
	id, err := e.Output("create", enginetest.Image)
	require.NoError(t, err)
	id = string(bytes.TrimSpace([]byte(id)))
	defer func() { require.NoError(t, e.Run(nil, io.Discard, "rm", id)) }()
	program := filepath.Join(t.TempDir(), "basekeeper")
	require.NoError(t, e.Run(nil, io.Discard, "cp", id+":/basekeeper", program))
	return program
}

// start returns how long the program takes to start and end, at best: what else
// the machine does is not the program's.
func start(t testing.TB, program string) time.Duration {
	t.Helper()
	best := time.Hour
	for range 20 {
		began := time.Now()
		require.NoError(t, exec.CommandContext(t.Context(), program, "version").Run())
		best = min(best, time.Since(began))
	}
	return best
}

// BenchmarkImage prints what the image weighs and how long its process takes to
// start.
func BenchmarkImage(b *testing.B) {
	e := enginetest.NeedImage(b)
	_, size := save(b, e)
	program := extract(b, e)
	var best time.Duration
	for b.Loop() {
		best = start(b, program)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(size), "image-bytes")
	b.ReportMetric(float64(best.Microseconds())/1000, "start-ms")
}
