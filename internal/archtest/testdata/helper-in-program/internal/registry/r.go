package registry

import (
	_ "github.com/basekeeper/basekeeper/internal/registry/registrytest"
	_ "github.com/stretchr/testify/require"
	_ "testing"
)
