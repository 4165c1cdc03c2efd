package forge

import (
	"fmt"
	"strings"
)

// IncompleteError says of which repositories an answer may lack something, and
// why. What it holds of the others is whole.
type IncompleteError struct {
	Skipped []Skipped // in the order of the question
}

func (e *IncompleteError) Error() string {
	const most = 20 // more of them say no more
	var b strings.Builder
	for i, s := range e.Skipped[:min(len(e.Skipped), most)] {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %v", s.Name, s.Err)
	}
	if more := len(e.Skipped) - most; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// Unwrap returns the causes.
func (e *IncompleteError) Unwrap() []error {
	causes := make([]error, len(e.Skipped))
	for i, s := range e.Skipped {
		causes[i] = s.Err
	}
	return causes
}
