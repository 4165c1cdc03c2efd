package local

import "strings"

// class reports whether c is in the bracket expression whose text behind the
// opening bracket pattern begins with, and returns what follows the closing
// one. A malformed expression is not ok and matches nothing.
func class(pattern string, c byte) (in bool, rest string, ok bool) {
	negated := false
	if pattern != "" && (pattern[0] == '!' || pattern[0] == '^') {
		negated, pattern = true, pattern[1:]
	}
	var previous byte // 0: no range can start here
	for first := true; ; first = false {
		if pattern == "" {
			return false, "", false
		}
		p := pattern[0]
		if p == ']' && !first {
			return in != negated, pattern[1:], true
		}
		switch {
		case p == '-' && previous != 0 && len(pattern) > 1 && pattern[1] != ']':
			high, after, ok := bracketByte(pattern[1:])
			if !ok {
				return false, "", false
			}
			in = in || previous <= c && c <= high
			pattern, previous = after, 0
		case strings.HasPrefix(pattern, "[:"):
			name, after, found := strings.Cut(pattern[2:], "]")
			if !found {
				return false, "", false
			}
			if !strings.HasSuffix(name, ":") { // no name of a class: a bracket like any other byte
				in = in || c == '['
				pattern, previous = pattern[1:], '['
				continue
			}
			member, known := named(strings.TrimSuffix(name, ":"), c)
			if !known {
				return false, "", false
			}
			in = in || member
			pattern, previous = after, 0
		default:
			one, after, ok := bracketByte(pattern)
			if !ok {
				return false, "", false
			}
			in = in || one == c
			pattern, previous = after, one
		}
	}
}

// bracketByte takes one byte, with its backslash where it has one.
func bracketByte(pattern string) (c byte, rest string, ok bool) {
	if pattern[0] == '\\' {
		pattern = pattern[1:]
	}
	if pattern == "" {
		return 0, "", false
	}
	return pattern[0], pattern[1:], true
}

// named reports whether c is in the POSIX class of that name, in the C locale.
func named(name string, c byte) (member, known bool) {
	lower, upper, digit := 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9'
	graph := '!' <= c && c <= '~'
	switch name {
	case "alnum":
		return lower || upper || digit, true
	case "alpha":
		return lower || upper, true
	case "blank":
		return c == ' ' || c == '\t', true
	case "cntrl":
		return c < ' ' || c == 0x7f, true
	case "digit":
		return digit, true
	case "graph":
		return graph, true
	case "lower":
		return lower, true
	case "print":
		return graph || c == ' ', true
	case "punct":
		return graph && !lower && !upper && !digit, true
	case "space":
		return c == ' ' || '\t' <= c && c <= '\r', true
	case "upper":
		return upper, true
	case "xdigit":
		return digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F', true
	default:
		return false, false
	}
}
