package local

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// StaleError reports that a file is not what a change expects. Nothing has
// been written.
type StaleError struct {
	Path      string
	Want, Got string // blob ids; Got is empty where there is no such file
}

func (e *StaleError) Error() string {
	if e.Got == "" {
		return fmt.Sprintf("%s: expected blob %s but the file is gone; run basekeeper plan again", e.Path, e.Want)
	}
	return fmt.Sprintf("%s: expected blob %s but found %s; run basekeeper plan again", e.Path, e.Want, e.Got)
}

// Write makes changes: all files are compared with what is expected, all new
// contents are written to temporary files beside them and flushed to the disk,
// all are compared again, and only then is one after the other renamed into
// place. So each file has either its old or its new content at any time, and
// one that cannot be written, or a [*StaleError], leaves all of them as they
// were. A rename that fails ends the work: the files before it, in the order
// of changes, are done, the others as they were.
//
// The mode is kept, and owner and group where the system lets us. A read-only
// file in a writable directory is replaced. Of a file with several hard links
// only the one named here gets the new content. A symbolic link stays, and the
// file that it leads to changes.
func (r Repository) Write(ctx context.Context, changes []forge.Change) error {
	root, err := r.open()
	if err != nil {
		return err
	}
	defer root.Close()
	targets, err := check(root, changes)
	if err != nil {
		return err
	}
	staged := make([]stagedFile, len(changes))
	defer func() {
		for _, s := range staged {
			s.discard(root)
		}
	}()
	err = flushing(len(changes), func(i int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if staged[i], err = stage(root, targets[i], changes[i].Content); err != nil {
			return fmt.Errorf("write %s: %w", changes[i].Path, cause(err))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := check(root, changes); err != nil {
		return err
	}
	return commit(root, staged, changes)
}

// flushing runs do for 0..n-1, some at once: what waits for the disk waits
// together. It returns the error of the lowest number.
func flushing(n int, do func(i int) error) error {
	const atOnce = 16
	var group errgroup.Group
	group.SetLimit(atOnce)
	errs := make([]error, n)
	for i := range n {
		group.Go(func() error {
			errs[i] = do(i)
			return nil
		})
	}
	_ = group.Wait() // they are in errs
	return cmp.Or(errs...)
}

// commit puts the files in their places, in order, and flushes the directories.
func commit(root *os.Root, staged []stagedFile, changes []forge.Change) error {
	var dirs []string
	var failed error
	for i := range staged {
		if err := staged[i].commit(root); err != nil {
			failed = fmt.Errorf("write %s: %w", changes[i].Path, cause(err))
			break
		}
		dirs = append(dirs, path.Dir(staged[i].target))
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	_ = flushing(len(dirs), func(i int) error { // not every file system can, or lets us read the directory
		dir, err := root.Open(dirs[i])
		if err != nil {
			return err
		}
		defer dir.Close()
		return dir.Sync()
	})
	return failed
}

// check compares every file with what its change expects and returns where the
// files really are.
func check(root *os.Root, changes []forge.Change) ([]string, error) {
	targets := make([]string, len(changes))
	by := map[string]string{}
	for i, change := range changes {
		target, err := locate(root, change.Path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &StaleError{Path: change.Path, Want: change.Blob}
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", change.Path, err)
		}
		if other, twice := by[target]; twice {
			return nil, fmt.Errorf("write %s: the same file as %s: %w", change.Path, other, os.ErrInvalid)
		}
		content, err := readRegular(root.OpenFile, target, MaxFileSize)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", change.Path, err)
		}
		if got := forge.BlobID(content); got != change.Blob {
			return nil, &StaleError{Path: change.Path, Want: change.Blob, Got: got}
		}
		targets[i], by[target] = target, change.Path
	}
	return targets, nil
}

// stagedFile is a temporary file that waits for its rename.
type stagedFile struct {
	temp, target string
	done         bool
}

// stage writes content to a new file beside target, with target's mode.
func stage(root *os.Root, target string, content []byte) (stagedFile, error) {
	info, err := root.Lstat(target)
	if err != nil {
		return stagedFile{}, err
	}
	s := stagedFile{temp: path.Join(path.Dir(target), ".basekeeper-"+rand.Text()+".tmp"), target: target}
	f, err := root.OpenFile(s.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return stagedFile{}, err
	}
	err = fill(f, content, info)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		s.discard(root)
		return stagedFile{}, err
	}
	return s, nil
}

func fill(f *os.File, content []byte, like fs.FileInfo) error {
	if _, err := f.Write(content); err != nil {
		return err
	}
	keepOwner(f, like)
	if err := f.Chmod(like.Mode().Perm()); err != nil {
		return err
	}
	return f.Sync()
}

// commit puts the file in its place.
func (s *stagedFile) commit(root *os.Root) error {
	err := root.Rename(s.temp, s.target)
	s.done = err == nil
	return err
}

func (s stagedFile) discard(root *os.Root) {
	if s.temp != "" && !s.done {
		_ = root.Remove(s.temp) // what remains is a hidden file that nobody reads
	}
}
