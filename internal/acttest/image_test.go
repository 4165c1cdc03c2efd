package acttest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the image may weigh, compressed, and what its process may take to start.
const (
	maxImage = 12 << 20
	maxStart = 20 * time.Millisecond
)

const testVersion = "v0.0.0-test"

var started atomic.Bool

// built builds the image from the Dockerfile, once.
var built = sync.OnceValues(func() (string, error) {
	e, err := theEngine()
	if err != nil {
		return "", err
	}
	if err := watch("../../Dockerfile", "../../.dockerignore", "../../action.yml", "../../go.mod", "../../cmd", "../../internal"); err != nil {
		return "", err
	}
	root, err := goEnv("GOROOT")
	if err != nil {
		return "", err
	}
	modules, err := goEnv("GOMODCACHE")
	if err != nil {
		return "", err
	}
	if err := e.importBase(toolsImage, nil, "ENV PATH=/bin"); err != nil {
		return "", err
	}
	cache, err := warm()
	if err != nil {
		return "", err
	}
	folders := map[string]string{"usr/local/go": root, "root/.cache/go-build": cache}
	if err := e.importBase(goImage, folders, "ENV PATH=/usr/local/go/bin:/bin", "ENV HOME=/root"); err != nil {
		return "", err
	}
	// The modules that this machine has are in the form that a proxy serves.
	proxy := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(modules, "cache", "download"))))
	defer proxy.Close()
	e.images = append(e.images, image)
	return image, e.run(nil, io.Discard, "build", "--network", "host", "--force-rm", "--tag", image,
		"--build-arg", "GO_IMAGE="+goImage, "--build-arg", "TOOLS_IMAGE="+toolsImage,
		"--build-arg", "GOPROXY="+proxy.URL, "--build-arg", "VERSION="+testVersion, "--build-arg", "REVISION=none", "../..")
})

// watch makes the go command know what the image is built from, which it does
// not see docker read: otherwise it would take an old result for a new one.
func watch(roots ...string) error {
	for _, root := range roots {
		err := filepath.WalkDir(root, func(file string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(file)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// warm compiles the program as the Dockerfile does, and returns the folder of
// Go's cache: what has not changed since the last time need not be compiled in
// the engine. That it fits shows that nothing of the machine gets into it.
func warm() (cache string, err error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(base, "basekeeper-acttest")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", os.DevNull, "./cmd/basekeeper")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "GOCACHE="+cache, "CGO_ENABLED=0", "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return cache, nil
}

func needImage(t testing.TB) *engine {
	t.Helper()
	e := need(t)
	_, err := built()
	orSkip(t, err)
	return e
}

func TestImage(t *testing.T) {
	e := needImage(t)
	out, err := e.output("run", "--rm", "--network", "none", image, "version")
	require.NoError(t, err)
	assert.Equal(t, "basekeeper "+testVersion+"\n", out)

	t.Run("as GitLab's runner uses it", func(t *testing.T) {
		out, err := e.output("run", "--rm", "--network", "none", "--entrypoint", "", image, "sh", "-c",
			"set -e; mkdir -p /builds/x; cd /builds/x; echo hello > f; cat f | grep -c hello; test -w /tmp; id=$(basekeeper version 2>&1 || true); ls /basekeeper")
		require.NoError(t, err)
		assert.Equal(t, "1\n/basekeeper\n", out)
	})

	t.Run("configuration", func(t *testing.T) {
		out, err := e.output("image", "inspect", "--format", "{{json .Config}}", image)
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
		assert.Equal(t, testVersion, config.Labels["org.opencontainers.image.version"])
		assert.Equal(t, "https://github.com/basekeeper/basekeeper", config.Labels["org.opencontainers.image.source"])
	})
}

// TestImageFiles looks into the layers: nothing but what is meant to be there,
// and no trace of where and when it was built.
func TestImageFiles(t *testing.T) {
	layers, size := save(t, needImage(t))
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
func save(t testing.TB, e *engine) (layers [][]byte, size int64) {
	t.Helper()
	var saved bytes.Buffer
	require.NoError(t, e.run(nil, &saved, "image", "save", image))
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
func extract(t testing.TB, e *engine) string {
	t.Helper()
	id, err := e.output("create", image)
	require.NoError(t, err)
	id = string(bytes.TrimSpace([]byte(id)))
	defer func() { require.NoError(t, e.run(nil, io.Discard, "rm", id)) }()
	program := filepath.Join(t.TempDir(), "basekeeper")
	require.NoError(t, e.run(nil, io.Discard, "cp", id+":/basekeeper", program))
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

func TestStart(t *testing.T) {
	e := needImage(t)
	assert.Less(t, start(t, extract(t, e)), maxStart)
}

// BenchmarkImage prints what the image weighs and how long its process takes to
// start.
func BenchmarkImage(b *testing.B) {
	e := needImage(b)
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
