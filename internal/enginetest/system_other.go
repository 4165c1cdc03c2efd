//go:build !unix

package enginetest

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func lock(*os.File) error { return MissingError{"an engine is started on Unix only"} }
