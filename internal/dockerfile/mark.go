package dockerfile

import (
	"slices"
	"strings"
)

// markSize is the length of a mark in UTF-8, in bytes.
const markSize = 4

// markValue replaces the characters of a finished value, which the lexer
// inserts as it is, by marks.
func (e *expander) markValue(value fragment, how marking) string {
	var b strings.Builder
	b.Grow(markSize * len(value.text))
	digest := digestDigits(value.text)
	for i := range len(value.text) {
		e.markByte(&b, value, i, how == everything || digest[i])
	}
	return b.String()
}

// markWord replaces the characters of a word that the lexer takes as they are,
// leaving alone what means something to it: quotes, escapes, variable names
// and, inside ${…}, the operators and patterns.
func (e *expander) markWord(word fragment, how marking) string {
	var b strings.Builder
	b.Grow(markSize * len(word.text))
	text := word.text
	digest := digestDigits(text)
	var patterns []bool // for each open ${…}: is what follows a pattern?
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '$':
			end, brace, pattern := variable(text, i)
			b.WriteString(text[i:end])
			if brace {
				patterns = append(patterns, pattern)
			}
			i = end - 1
		case c == '}' && len(patterns) > 0:
			patterns = patterns[:len(patterns)-1]
			b.WriteByte(c)
		default:
			plain := isPlain(c) && (len(patterns) == 0 || !patterns[len(patterns)-1])
			e.markByte(&b, word, i, plain && (how == everything || digest[i]))
		}
	}
	return b.String()
}

// markByte writes byte i of f, as a mark where wanted and possible.
func (e *expander) markByte(b *strings.Builder, f fragment, i int, wanted bool) {
	if !wanted || f.offs[i] == unknown || f.text[i] >= 0x80 || firstMark+len(e.marks) > lastMark {
		b.WriteByte(f.text[i])
		return
	}
	b.WriteRune(rune(firstMark + len(e.marks)))
	e.marks = append(e.marks, mark{char: f.text[i], offset: f.offs[i]})
}

// variable returns the offset behind the name (and, in braces, the operator)
// of the variable at text[i] == '$', whether it opens a brace, and whether the
// operator takes a pattern.
func variable(text string, i int) (end int, brace, pattern bool) {
	end = i + 1
	if end < len(text) && text[end] == '{' {
		brace = true
		end++
	}
	for end < len(text) && isName(text[end]) {
		end++
	}
	if !brace || end >= len(text) {
		return end, brace, false
	}
	if text[end] == ':' {
		end++
	}
	if end < len(text) && strings.IndexByte("-+?#%/", text[end]) >= 0 {
		pattern = strings.IndexByte("#%/", text[end]) >= 0
		end++
	}
	return end, brace, pattern
}

func isName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isPlain(c byte) bool { return isName(c) || strings.IndexByte(".-:@/+", c) >= 0 }

// digestDigits reports for each byte of text whether it is one of the
// hexadecimal digits of a digest: in a run of at least 64.
func digestDigits(text string) []bool {
	const digits = 64
	in := make([]bool, len(text))
	if len(text) < digits {
		return in
	}
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] >= 'a' && text[end] <= 'f') {
			end++
		}
		for i := start; end-start >= digits && i < end; i++ {
			in[i] = true
		}
		start = end + 1
	}
	return in
}

// risky reports whether word has a pattern form that works on a digest and
// might match the digits of another one: what it does to the digest that
// stands there now says nothing about the next. A pattern that asks for
// anything but hexadecimal digits cannot match among them, as in ${D#sha256:}.
func (e *expander) risky(word string) bool {
	for i := range len(word) {
		if word[i] != '$' {
			continue
		}
		end, _, pattern := variable(word, i)
		if !pattern {
			continue
		}
		name := strings.TrimRight(word[i+len("${"):end], "#%/")
		arg, known := e.args[name]
		if !known || !slices.Contains(digestDigits(arg.value.text), true) {
			continue
		}
		text, _, _ := strings.Cut(word[end:], "}")
		if word[end-1] == '/' {
			text, _, _ = strings.Cut(strings.TrimPrefix(text, "/"), "/")
		}
		if strings.Trim(text, "0123456789abcdef*?#%\\") == "" {
			return true
		}
	}
	return false
}
