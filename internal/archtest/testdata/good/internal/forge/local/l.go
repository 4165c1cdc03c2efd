package local

import (
	_ "github.com/basekeeper/basekeeper/internal/forge"
	_ "os"
)
