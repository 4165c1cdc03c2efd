package forge

import (
	"strings"
	"unicode"
)

// OneLine makes a forge's words fit for one line of ours: nothing in them that
// does not print, and not too many.
func OneLine(words string) string {
	words = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, words)
	words = strings.Join(strings.Fields(words), " ")
	const most = 400 // bytes
	if len(words) > most {
		words = strings.ToValidUTF8(words[:most], "") + "…"
	}
	return words
}
