package retention

import "time"

// Policy says what may go. The zero Policy deletes nothing.
type Policy struct {
	KeepFor  time.Duration // how long a retired tag is kept; 0 for ever
	KeepLast int           // the newest retired digests that are kept whatever their age, counted after protection
	// Expires reports whether a tag may expire at all: it fits the template of
	// retired tags, or a pattern that the user gave. A retired tag always may.
	Expires func(tag string) bool
	// Protected reports whether a tag is never deleted.
	Protected func(tag string) bool
	// Published are the tags that move with each release; never deleted.
	Published []string

	Untagged   time.Duration // how long an untagged manifest is kept, at least MinGrace; 0 for ever
	MinimumAge time.Duration // what is younger is never deleted, whatever its class
	MaxShare   float64       // the most that one run may delete of the image tags; more refuses, 0 allows nothing, 1 all but the last
}

// MinGrace is the least time that an untagged manifest is kept: it may belong
// to a build that is under way.
const MinGrace = 24 * time.Hour
