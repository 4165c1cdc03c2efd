package ledger

import (
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// DefaultTemplate numbers retired images: v1, v2, v3.
const DefaultTemplate = "v{{.Next}}"

// Facts is what a template can name.
type Facts struct {
	Digest  image.Digest // of the image that is retired
	Version string       // its own label org.opencontainers.image.version; empty where it has none of its own
	Created time.Time    // of the image; zero where unknown
	Now     time.Time    // of the retirement
	Tags    []string     // all that the repository has
}
