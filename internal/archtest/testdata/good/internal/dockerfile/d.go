package dockerfile

import (
	_ "github.com/basekeeper/basekeeper/internal/image"
	_ "github.com/google/go-containerregistry/pkg/name"
)
