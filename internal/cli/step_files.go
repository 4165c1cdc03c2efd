package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// writeIn writes a file of the workspace whole or not at all, and makes its
// folders. No link is followed: what is checked out may have been made to
// catch what we write.
func writeIn(root *os.Root, file string, content []byte) error {
	if err := makeFolders(root, path.Dir(file)); err != nil {
		return err
	}
	temporary := path.Join(path.Dir(file), ".basekeeper-"+path.Base(file))
	if err := root.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) { // what a killed run left
		return err
	}
	f, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, root.Remove(temporary))
	}
	if err := root.Rename(temporary, file); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", file, err), root.Remove(temporary))
	}
	return giveBack(root, file)
}

// makeFolders makes a folder and those above it where they are missing, and
// refuses links among them.
func makeFolders(root *os.Root, folder string) error {
	if folder == "." {
		return nil
	}
	made := ""
	for name := range strings.SplitSeq(folder, "/") {
		made = path.Join(made, name)
		err := root.Mkdir(made, 0o755)
		switch {
		case err == nil:
			if err := giveBack(root, made); err != nil {
				return err
			}
			continue
		case !errors.Is(err, fs.ErrExist):
			return err
		}
		info, err := root.Lstat(made)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return fmt.Errorf("write into %s: it is no folder", made)
		}
	}
	return nil
}

// giveBack makes the workspace's owner the owner of a file or folder in it: the
// container runs as root, and the steps after it do not. Where that is not
// allowed, we are the owner already.
func giveBack(root *os.Root, file string) error {
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	user, group, known := owner(info)
	if !known || user == 0 {
		return nil
	}
	err = root.Lchown(file, user, group)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
