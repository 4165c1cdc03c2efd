package render

import (
	"strings"
	"unicode/utf8"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Closing returns the body of a pull request that basekeeper closes itself,
// with that remembered, and a comment with the reason.
func Closing(f forge.Flavor, body, reason string) (newBody, comment string) {
	s, _ := DecodeState(body)
	s.ClosedBy = Tool
	return SetState(f, body, s), "basekeeper closes this and deletes its branch.\n\nReason: " + EscapeFor(f, reason) + "\n"
}

// HandsOff returns the body of a pull request that a person has committed to,
// with that remembered, and a comment that says what follows from it.
func HandsOff(f forge.Flavor, body string) (newBody, comment string) {
	s, _ := DecodeState(body)
	s.HandsOff = true
	return SetState(f, body, s), strings.Join([]string{
		"There are commits here that are not basekeeper's, so it leaves this " + f.Noun() + " alone from now on: " +
			"it neither moves it on to newer digests nor closes it.",
		"Merge or close it when you are done. To have basekeeper start anew, close it and delete the branch.",
		"",
	}, "\n\n")
}

// ClosedByTool reports whether basekeeper itself closed the pull request that
// has this body, as far as it says so.
func ClosedByTool(body string) bool {
	s, ok := DecodeState(body)
	return ok && s.ClosedBy == Tool
}

// cutBytes shortens s to at most so many bytes, between characters.
func cutBytes(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
