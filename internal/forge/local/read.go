package local

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// MaxFileSize is how many bytes a file may have to be read, 1 MiB. The largest
// Dockerfiles that people write have a few hundred kilobytes.
const MaxFileSize = 1 << 20

// Reasons for which a file is not read.
var (
	ErrTooLarge   = errors.New("file is larger than 1 MiB")
	ErrNotRegular = errors.New("not a regular file")
	ErrOutside    = errors.New("symbolic link is absolute or leads out of the repository")
	ErrForeign    = errors.New("symbolic link leads into .git or into another repository")
	ErrLoop       = errors.New("too many levels of symbolic links")
	ErrIgnored    = errors.New("ignored by git, and git tracks nothing in it")
	ErrTooDeep    = errors.New("more than 200 directories deep")
)

// opener is an [os.Root] or the file system that the process sees.
type opener func(name string, flag int, perm fs.FileMode) (*os.File, error)

// readRegular reads a regular file of at most limit bytes. It never waits for
// the other end of a FIFO that took the file's place.
func readRegular(open opener, name string, limit int64) ([]byte, error) {
	f, err := open(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, cause(err)
	case !info.Mode().IsRegular():
		return nil, ErrNotRegular
	case info.Size() > limit:
		return nil, ErrTooLarge
	}
	content := make([]byte, info.Size()+1) // one more, to see whether it has grown
	n, err := io.ReadFull(f, content)
	switch {
	case err == nil && int64(n) > limit:
		return nil, ErrTooLarge
	case err == nil:
		return readRest(f, content, limit)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return content[:n], nil
	}
	return nil, cause(err)
}

// readRest goes on reading a file that grew after it was opened.
func readRest(f *os.File, head []byte, limit int64) ([]byte, error) {
	rest, err := io.ReadAll(io.LimitReader(f, limit-int64(len(head))+1))
	if err != nil {
		return nil, cause(err)
	}
	if int64(len(head)+len(rest)) > limit {
		return nil, ErrTooLarge
	}
	return append(head, rest...), nil
}

// cause drops operation and path from an error of package os: the caller
// names the file, once.
func cause(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}
