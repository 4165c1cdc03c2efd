package plan

import (
	_ "github.com/basekeeper/basekeeper/internal/image"
	_ "github.com/basekeeper/basekeeper/internal/scan"
)
