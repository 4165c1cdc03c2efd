package scan

import _ "github.com/basekeeper/basekeeper/internal/newcomer"
