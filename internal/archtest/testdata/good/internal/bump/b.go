package bump

import (
	_ "github.com/basekeeper/basekeeper/internal/cache"
	_ "github.com/basekeeper/basekeeper/internal/plan"
	_ "github.com/basekeeper/basekeeper/internal/render"
)
