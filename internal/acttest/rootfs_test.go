package acttest

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// No public registry is reached in tests: base images are made from what this
// machine has.
const (
	toolsImage  = "basekeeper.test/tools:1"  // busybox and CA certificates
	goImage     = "basekeeper.test/go:1"     // that, and this Go
	runnerImage = "basekeeper.test/runner:1" // where act runs steps
	image       = "basekeeper.test/action:1" // what is tested
)

const authorities = "/etc/ssl/certs/ca-certificates.crt"

// importBase makes an image of a busybox, and of the folders given by the names
// they have in it.
func (e *engine) importBase(name string, folders map[string]string, changes ...string) error {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(writeBase(writer, folders)) }()
	args := []string{"import"}
	for _, change := range changes {
		args = append(args, "--change", change)
	}
	e.images = append(e.images, name)
	return e.run(reader, io.Discard, append(args, "-", name)...)
}

func writeBase(w io.Writer, folders map[string]string) error {
	b := baseTar{tar.NewWriter(w)}
	busybox, err := busybox()
	if err != nil {
		return err
	}
	for _, folder := range []string{"bin", "etc", "etc/ssl", "etc/ssl/certs", "root", "usr", "usr/bin", "var", "opt"} {
		if err := b.folder(folder, 0o755); err != nil {
			return err
		}
	}
	if err := b.folder("tmp", 0o1777); err != nil {
		return err
	}
	if err := b.file("bin/busybox", busybox); err != nil {
		return err
	}
	if err := b.file(strings.TrimPrefix(authorities, "/"), authorities); err != nil {
		return err
	}
	applets, err := exec.Command(busybox, "--list").Output()
	if err != nil {
		return err
	}
	for applet := range strings.FieldsSeq(string(applets)) {
		if applet == "busybox" {
			continue
		}
		if err := b.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + applet, Linkname: "busybox", Mode: 0o777}); err != nil {
			return err
		}
	}
	for name, dir := range folders {
		if err := b.tree(name, dir); err != nil {
			return err
		}
	}
	return b.Close()
}

// busybox finds one that needs no libraries.
func busybox() (string, error) {
	const missing = "a static busybox is not installed"
	program, err := exec.LookPath("busybox")
	if err != nil {
		return "", errMissing{missing}
	}
	f, err := elf.Open(program)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	for _, part := range f.Progs {
		if part.Type == elf.PT_INTERP {
			return "", errMissing{missing}
		}
	}
	return program, nil
}

// baseTar writes a root file system.
type baseTar struct{ *tar.Writer }

func (b baseTar) folder(name string, mode int64) error {
	return b.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode, ModTime: time.Unix(0, 0)})
}

func (b baseTar) file(name, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header := tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: time.Unix(0, 0)}
	if err := b.WriteHeader(&header); err != nil {
		return err
	}
	_, err = io.Copy(b, f)
	return err
}

// tree writes a folder of a Go distribution, without what only its own tests
// need.
func (b baseTar) tree(name, dir string) error {
	return filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		inside := path.Join(name, filepath.ToSlash(relative))
		switch {
		case d.IsDir() && (d.Name() == "testdata" || relative == "test" || relative == "api" || relative == "doc"):
			return fs.SkipDir
		case d.IsDir():
			return b.folder(inside, 0o755)
		case !d.Type().IsRegular() || strings.HasSuffix(d.Name(), "_test.go"):
			return nil
		}
		return b.file(inside, file)
	})
}

// goEnv asks the go command for a setting.
func goEnv(name string) (string, error) {
	out, err := exec.Command("go", "env", name).Output()
	return string(bytes.TrimSpace(out)), err
}
