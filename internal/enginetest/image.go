package enginetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	// Image is the name of what the Dockerfile makes.
	Image = "basekeeper.test/action:1"
	// Version is what the program in it says that it is.
	Version = "v0.0.0-test"

	toolsImage = "basekeeper.test/tools:1" // busybox and CA certificates
	goImage    = "basekeeper.test/go:1"    // that, and this Go
)

// root is the project's folder, seen from the package that is tested.
var root = filepath.Join("..", "..")

var built = sync.OnceValue(func() error {
	e, err := engine()
	if err != nil {
		return err
	}
	return e.obtain()
})

// NeedImage returns the engine with [Image] in it. The test is skipped or fails
// as with [Need].
func NeedImage(t testing.TB) *Engine {
	t.Helper()
	e := Need(t)
	OrSkip(t, built())
	return e
}

// obtain loads the image that another test binary has built from the same
// files, or else builds it and keeps it for the others; meanwhile they wait.
func (e *Engine) obtain() error {
	key, err := sources()
	if err != nil {
		return err
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	dir := filepath.Join(base, "basekeeper-enginetest")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := lock(f); err != nil {
		return err
	}
	e.images = append(e.images, Image)
	kept := filepath.Join(dir, "image-"+key+".tar")
	if saved, err := os.Open(kept); err == nil {
		defer saved.Close()
		return e.Run(saved, io.Discard, "load")
	}
	if err := e.build(filepath.Join(dir, "go-build")); err != nil {
		return err
	}
	return e.keep(kept)
}

// sources returns a digest of all that the image is made from. Reading it makes
// the go command know: it does not see docker read.
func sources() (string, error) {
	sum := sha256.New()
	version, err := goEnv("GOVERSION")
	if err != nil {
		return "", err
	}
	box, err := busybox()
	if err != nil {
		return "", err
	}
	fmt.Fprintln(sum, version)
	for _, name := range []string{box, authorities, "Dockerfile", ".dockerignore", "go.mod", "go.sum", "cmd", "internal"} {
		if !filepath.IsAbs(name) {
			name = filepath.Join(root, name)
		}
		err := filepath.WalkDir(name, func(file string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return fs.SkipDir
			case d.IsDir() || strings.HasSuffix(file, "_test.go"):
				return nil
			}
			content, err := os.ReadFile(file)
			fmt.Fprintf(sum, "%s %d\n%s", file, len(content), content)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// build builds the image from the Dockerfile. The folder is for what the
// compiler has made.
func (e *Engine) build(cache string) error {
	modules, err := goEnv("GOMODCACHE")
	if err != nil {
		return err
	}
	distribution, err := goEnv("GOROOT")
	if err != nil {
		return err
	}
	if err := e.Import(toolsImage, Base{}, "ENV PATH=/bin"); err != nil {
		return err
	}
	if err := warm(cache); err != nil {
		return err
	}
	folders := map[string]string{"usr/local/go": distribution, "root/.cache/go-build": cache}
	if err := e.Import(goImage, Base{Folders: folders}, "ENV PATH=/usr/local/go/bin:/bin", "ENV HOME=/root"); err != nil {
		return err
	}
	// The modules that this machine has are in the form that a proxy serves.
	proxy := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(modules, "cache", "download"))))
	defer proxy.Close()
	var said bytes.Buffer
	err = e.Run(nil, &said, "build", "--network", "host", "--force-rm", "--tag", Image,
		"--build-arg", "GO_IMAGE="+goImage, "--build-arg", "TOOLS_IMAGE="+toolsImage,
		"--build-arg", "GOPROXY="+proxy.URL, "--build-arg", "VERSION="+Version, "--build-arg", "REVISION=none", root)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, &said)
	}
	return nil
}

// warm compiles the program as the Dockerfile does, with Go's cache in that
// folder: what has not changed since the last time need not be compiled in the
// engine. That it fits shows that nothing of the machine gets into it.
func warm(cache string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", os.DevNull, "./cmd/basekeeper")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOCACHE="+cache, "CGO_ENABLED=0", "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// keep saves the image for other test binaries, in place of older ones.
func (e *Engine) keep(file string) error {
	older, err := filepath.Glob(filepath.Join(filepath.Dir(file), "image-*"))
	if err != nil {
		return err
	}
	for _, name := range older {
		err = errors.Join(err, os.Remove(name))
	}
	if err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(file), "image-*.part")
	if err != nil {
		return err
	}
	if err := errors.Join(e.Run(nil, part, "save", Image), part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), file)
}
