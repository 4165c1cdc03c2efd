package render

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Lengths in characters of the longest texts that are shown.
const (
	maxText = 300
	maxCode = 160
)

// gap is written where a forge would see more than text. It shows nothing.
// Forges look for mentions and references in the text that Markdown leaves, so
// that an entity in place of the sign would not do.
const gap = "&#8203;"

// Escape writes text from outside as GitHub's Markdown that shows nothing but
// the text, on one line: no mention, reference to an issue, a commit or a merge
// request, link, address, HTML, emphasis, cell of a table, list or command of a
// bot. It is cut where it is long.
func Escape(s string) string { return EscapeFor(forge.GitHub, s) }

// EscapeFor is [Escape] for a forge's Markdown. GitLab, which looks for formulas
// in the text too, gets another sign for the dollar: no gap would part it from
// what it stands for.
func EscapeFor(f forge.Flavor, s string) string {
	if f == forge.GitLab {
		s = strings.ReplaceAll(cutBytes(s, 4*maxText+1), "$", "＄")
	}
	runes := []rune(tame(strings.Join(strings.Fields(cutBytes(s, 4*maxText)), " "), maxText))
	breaks := breakpoints(runes)
	var b strings.Builder
	for i, c := range runes {
		if breaks[i] {
			b.WriteString(gap)
		}
		switch {
		case c < unicode.MaxASCII && !plainSign(c) && !letterOrDigit(c) && c != ' ', i == 0 && strings.ContainsRune("-+./;", c), numbered(runes, i):
			fmt.Fprintf(&b, "&#%d;", c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// color is what forges put a chip of that color beside, where a code
// span holds one.
var color = regexp.MustCompile(`(?i)^\s*(#[0-9a-f]{3,8}\s*$|(rgb|hsl)a?\s*\()`)

// plainSign reports whether c means nothing in Markdown inside of a line.
func plainSign(c rune) bool { return strings.ContainsRune(",.-/();'?+", c) }

func letterOrDigit(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// numbered reports whether the sign at i would make its line an item of a
// numbered list.
func numbered(runes []rune, i int) bool {
	if i == 0 || runes[i] != '.' && runes[i] != ')' {
		return false
	}
	return strings.Trim(string(runes[:i]), "0123456789") == ""
}

// breakpoints says before which characters of the text there must be a gap.
func breakpoints(runes []rune) []bool {
	breaks := make([]bool, len(runes)+1)
	hex := 0 // digits of a commit's name before i
	for i, c := range runes {
		next := rune(' ')
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case strings.ContainsRune("@#!$%&~^*:[{\\", c): // @user, #1, !1, ~label, :emoji:, scheme://, {+added+}
			breaks[i+1] = next != ' '
		case c == '-' && i > 0 && runes[i-1] != ' ' && next >= '0' && next <= '9': // GH-1, TICKET_-1
			breaks[i+1] = true
		case c == '.' && i > 2 && strings.EqualFold(string(runes[i-3:i]), "www"):
			breaks[i] = true
		}
		hex = hexRun(hex, c)
		if hex > 6 {
			breaks[i], hex = true, 1
		}
	}
	return breaks
}

// hexRun returns how many hexadecimal digits there are in a row with c.
func hexRun(before int, c rune) int {
	if c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' {
		return before + 1
	}
	return 0
}

// Code writes text from outside as a code span, in which forges look for
// nothing but colors; it also stands in a cell of a table. It is cut where it
// is long. What they would show as a color is between quotes.
func Code(s string) string {
	s = strings.ReplaceAll(tame(s, maxCode), "|", `\u007c`)
	if color.MatchString(s) {
		s = `"` + s + `"`
	}
	longest, run := 0, 0
	for _, c := range s {
		if c != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	switch {
	case strings.TrimSpace(s) == "":
		return "` `"
	case strings.HasPrefix(s, "`"), strings.HasSuffix(s, "`"), strings.HasPrefix(s, " "), strings.HasSuffix(s, " "):
		s = " " + s + " "
	}
	return fence + s + fence
}

// tame makes text from outside safe for one line, and short. It looks at no
// more of a long text than is shown.
func tame(s string, most int) string {
	shown := cutBytes(s, 4*most) // bytes, of most characters at least
	if len(shown) < len(s) {
		shown += "…" // is cut off, or tells
	}
	return cut(Clean(shown), most)
}

// cut shortens s to a number of characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}

// lines writes as many lines as fit into a number of bytes, then how many more
// there are.
func lines(b *strings.Builder, most int, all []string, more string) {
	used := 0
	for i, line := range all {
		if used += len(line) + 1; used > most {
			fmt.Fprintf(b, more+"\n", len(all)-i)
			return
		}
		b.WriteString(line + "\n")
	}
}
