package demo

import (
	_ "github.com/basekeeper/basekeeper/internal/bump"
	_ "github.com/basekeeper/basekeeper/internal/sandbox"
)
