//go:build unix

package local

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives f the owner and group of like, as far as the system allows:
// only root may give files away, others may choose among their groups.
func keepOwner(f *os.File, like fs.FileInfo) {
	want, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	if f.Chown(int(want.Uid), int(want.Gid)) != nil {
		_ = f.Chown(-1, int(want.Gid))
	}
}
