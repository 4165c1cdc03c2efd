package bump

import _ "github.com/basekeeper/basekeeper/internal/prune"
