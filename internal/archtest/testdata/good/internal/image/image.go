package image

import (
	_ "fmt"
	_ "net/url"
	_ "path"
	_ "time"
)
