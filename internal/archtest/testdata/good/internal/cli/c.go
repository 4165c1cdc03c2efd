package cli

import (
	_ "github.com/basekeeper/basekeeper/internal/bump"
	_ "github.com/basekeeper/basekeeper/internal/demo"
	_ "github.com/basekeeper/basekeeper/internal/registry"
)
