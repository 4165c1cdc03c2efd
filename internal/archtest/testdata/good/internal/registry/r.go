package registry

import (
	_ "github.com/basekeeper/basekeeper/internal/cache"
	_ "github.com/basekeeper/basekeeper/internal/image"
	_ "net/http"
)
