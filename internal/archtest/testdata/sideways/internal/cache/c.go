package cache

import _ "github.com/basekeeper/basekeeper/internal/render"
