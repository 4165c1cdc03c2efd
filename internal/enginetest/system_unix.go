//go:build unix

package enginetest

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's signals from the command: we end it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// lock waits until this process alone has the file; closing it lets go.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }
