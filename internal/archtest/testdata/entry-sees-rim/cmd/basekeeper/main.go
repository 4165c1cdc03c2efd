package basekeeper

import _ "github.com/basekeeper/basekeeper/internal/bump"
