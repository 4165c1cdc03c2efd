package _ignored

import _ "github.com/basekeeper/basekeeper/internal/cli"
