package cache

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// sum is the hash of a file's bytes.
type sum [sha256.Size]byte

// openFile opens the file at path. One that is too large is a [*damageError].
func openFile(path string) (f *os.File, size int64, err error) {
	f, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO must not hold us
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("open %s: not a regular file", path)
	case info.Size() > maxSize:
		err = &damageError{errors.New("larger than 64 MiB")}
	default:
		return f, info.Size(), nil
	}
	return nil, 0, errors.Join(err, f.Close())
}

// readFile reads the file at path. One that is too large is a [*damageError].
func readFile(path string) ([]byte, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead)) // it need not grow
	if _, err := content.ReadFrom(io.LimitReader(f, maxSize+1)); err != nil {
		return nil, err
	}
	if content.Len() > maxSize {
		return nil, &damageError{errors.New("larger than 64 MiB")}
	}
	return content.Bytes(), nil
}

// sumFile hashes the file at path.
func sumFile(path string) (sum, error) {
	f, _, err := openFile(path)
	if err != nil {
		return sum{}, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return sum(h.Sum(nil)), err
}

// writeFile replaces the file at path, or the one that a symbolic link there
// leads to, in one step.
func writeFile(path string, write func(io.Writer) error) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".basekeeper-cache-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already where all went well
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
