package registrytest

import (
	_ "github.com/basekeeper/basekeeper/internal/forge/forgetest"
	_ "github.com/basekeeper/basekeeper/internal/registry"
	_ "testing"
)
