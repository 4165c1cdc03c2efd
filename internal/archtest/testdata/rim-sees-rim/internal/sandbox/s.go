package sandbox

import _ "github.com/basekeeper/basekeeper/internal/registry"
