package bump

import (
	_ "github.com/basekeeper/basekeeper/internal/registry"
	_ "net/http"
)
