package image

import _ "github.com/basekeeper/basekeeper/internal/plan"
