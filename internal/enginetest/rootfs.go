package enginetest

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const authorities = "/etc/ssl/certs/ca-certificates.crt"

// Base is what a root file system has beside a static busybox, as every program
// that it can be, and the CA certificates of the machine.
type Base struct {
	// Folders of the machine, by their names inside. Of each only what a
	// program needs: no tests and no test data.
	Folders map[string]string
	// Programs of the machine's PATH, which get to usr/bin with the libraries
	// that they load.
	Programs []string
}

// Import makes an image of a root file system, in place of one that would come
// from a registry. Each change is an instruction of a Dockerfile.
func (e *Engine) Import(name string, base Base, changes ...string) error {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(base.write(writer)) }()
	args := []string{"import"}
	for _, change := range changes {
		args = append(args, "--change", change)
	}
	e.images = append(e.images, name)
	return e.Run(reader, io.Discard, append(args, "-", name)...)
}

func (base Base) write(w io.Writer) error {
	b := baseTar{tar.NewWriter(w)}
	if err := b.busybox(); err != nil {
		return err
	}
	for name, dir := range base.Folders {
		if err := b.tree(name, dir); err != nil {
			return err
		}
	}
	libraries := map[string]bool{}
	for _, program := range base.Programs {
		if err := b.program(program, libraries); err != nil {
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
		return "", MissingError{missing}
	}
	f, err := elf.Open(program)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	for _, part := range f.Progs {
		if part.Type == elf.PT_INTERP {
			return "", MissingError{missing}
		}
	}
	return program, nil
}

// baseTar writes a root file system.
type baseTar struct{ *tar.Writer }

// busybox writes it, and what every program expects around it.
func (b baseTar) busybox() error {
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
	return nil
}

// program writes a program, and those of its libraries that are not there yet.
func (b baseTar) program(name string, there map[string]bool) error {
	file, err := exec.LookPath(name)
	if err != nil {
		return MissingError{name + " is not installed"}
	}
	if err := b.file("usr/bin/"+name, file); err != nil {
		return err
	}
	out, err := exec.Command("ldd", file).Output()
	if err != nil {
		return fmt.Errorf("ldd %s: %w", file, err)
	}
	for word := range strings.FieldsSeq(string(out)) { // libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f…)
		if !filepath.IsAbs(word) || there[word] {
			continue
		}
		there[word] = true
		if err := b.file(strings.TrimPrefix(word, "/"), word); err != nil {
			return err
		}
	}
	return nil
}

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
