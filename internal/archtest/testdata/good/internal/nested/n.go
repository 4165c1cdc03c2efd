package nested

import _ "github.com/basekeeper/basekeeper/internal/cli"
