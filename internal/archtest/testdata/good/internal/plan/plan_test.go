package plan

import (
	_ "github.com/basekeeper/basekeeper/internal/cli"
	_ "github.com/basekeeper/basekeeper/internal/registry/registrytest"
	_ "os"
	_ "testing"
)
