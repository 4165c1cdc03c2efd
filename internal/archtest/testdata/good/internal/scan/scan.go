package scan

import (
	_ "github.com/basekeeper/basekeeper/internal/dockerfile"
	_ "github.com/basekeeper/basekeeper/internal/image"
)
