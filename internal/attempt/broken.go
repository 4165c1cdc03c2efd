package attempt

import (
	"errors"
	"fmt"
	"strings"
)

// BrokenError says that there was no answer to rely on.
type BrokenError struct {
	Who      string // the server, as people call it
	Status   int    // of the answer; 0 where there was none
	Attempts int
	Lost     bool // the request may have been carried out all the same
	Cause    error
}

func (e *BrokenError) Error() string {
	what := fmt.Sprintf("%s answers HTTP %d", e.Who, e.Status)
	if e.Cause != nil {
		what = e.Cause.Error()
	}
	if e.Attempts > 1 {
		what += fmt.Sprintf(" after %d attempts", e.Attempts)
	}
	if e.Lost {
		what += "; it is not known whether the change was made, the next run will see"
	}
	return what
}

// Unwrap returns the cause.
func (e *BrokenError) Unwrap() error { return e.Cause }

// IsSlow reports whether an attempt took too long.
func IsSlow(err error) bool {
	var slow *SlowError
	return errors.As(err, &slow)
}

// IsInterrupted reports whether a connection broke that worked before, an
// answer took too long, or a name server was busy.
func IsInterrupted(err error) bool {
	return IsCut(err) || IsSlow(err) ||
		strings.Contains(err.Error(), "stream error") || strings.Contains(err.Error(), "server sent GOAWAY") // HTTP/2's, not exported
}
