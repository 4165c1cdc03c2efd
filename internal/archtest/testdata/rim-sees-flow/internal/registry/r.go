package registry

import _ "github.com/basekeeper/basekeeper/internal/bump"
