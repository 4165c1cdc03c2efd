package basekeeper

import (
	_ "github.com/basekeeper/basekeeper/internal/cli"
	_ "os"
	_ "os/signal"
)
