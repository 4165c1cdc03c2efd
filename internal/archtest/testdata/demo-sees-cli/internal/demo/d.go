package demo

import _ "github.com/basekeeper/basekeeper/internal/cli"
