package testdata

import _ "github.com/basekeeper/basekeeper/internal/cli"
