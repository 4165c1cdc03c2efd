package forge

import (
	"fmt"
	"time"
)

// LimitedError says that a forge, or what is known of its limits, asks for a
// wait that the run has no time for. It is an [ErrLimited].
type LimitedError struct {
	Until time.Time
	Now   time.Time
	Why   string
}

func (e *LimitedError) Error() string {
	return fmt.Sprintf("%s: %s, it ends at %s, in %s; what is left is for the next run",
		ErrLimited, e.Why, e.Until.UTC().Format(time.RFC3339), e.Until.Sub(e.Now).Round(time.Second))
}

// Unwrap returns [ErrLimited].
func (e *LimitedError) Unwrap() error { return ErrLimited }
