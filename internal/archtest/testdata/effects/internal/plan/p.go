package plan

import (
	_ "github.com/google/go-containerregistry/pkg/v1/remote"
	_ "io/fs"
	_ "log"
	_ "log/slog"
	_ "net"
	_ "net/http"
	_ "os"
	_ "os/exec"
	_ "path/filepath"
	_ "runtime/debug"
	_ "syscall"
)
