package local

import "strings"

// wildmatch reports whether text matches a pattern of gitignore(5), byte for
// byte as git's wildmatch.c does. With pathname only ** crosses a slash.
//
// The standard library's path.Match knows neither ** nor [!a] nor [[:alpha:]],
// and go-git's gitignore package is built upon it.
func wildmatch(pattern, text string, pathname bool) bool {
	w := wild{pathname: pathname}
	return w.match(pattern, text)
}

// wild remembers which pairs of remaining pattern and remaining text have
// failed, so that hostile patterns cost their length times the text's and no
// more. The lengths are enough to name a suffix.
type wild struct {
	pathname bool
	tries    int
	failed   map[[2]int]struct{}
}

func (w *wild) match(pattern, text string) bool {
	segment := true // the pattern's previous byte was a slash, or there is none
	for pattern != "" {
		c := pattern[0]
		if c == '*' {
			return w.star(pattern, text, segment)
		}
		if text == "" {
			return false
		}
		switch c {
		case '?':
			if w.pathname && text[0] == '/' {
				return false
			}
		case '[':
			in, rest, ok := class(pattern[1:], text[0])
			if !ok || !in || w.pathname && text[0] == '/' {
				return false
			}
			pattern, text, segment = rest, text[1:], false
			continue
		case '\\':
			if pattern = pattern[1:]; pattern == "" {
				return false
			}
			fallthrough
		default:
			if pattern[0] != text[0] {
				return false
			}
		}
		segment = pattern[0] == '/'
		pattern, text = pattern[1:], text[1:]
	}
	return text == ""
}

// star matches a pattern that begins with one or more asterisks.
func (w *wild) star(pattern, text string, segment bool) bool {
	rest := strings.TrimLeft(pattern, "*")
	double := len(pattern)-len(rest) > 1
	cross := !w.pathname
	if w.pathname && double && segment && (rest == "" || rest[0] == '/' || strings.HasPrefix(rest, `\/`)) {
		if rest != "" && rest[0] == '/' && w.try(rest[1:], text) {
			return true // a/**/b matches a/b
		}
		cross = true
	}
	if rest == "" {
		return cross || !strings.Contains(text, "/")
	}
	for ; text != ""; text = text[1:] {
		if w.try(rest, text) {
			return true
		}
		if !cross && text[0] == '/' {
			return false
		}
	}
	return false
}

func (w *wild) try(pattern, text string) bool {
	const worthIt = 64 // most patterns are done before remembering pays
	key := [2]int{len(pattern), len(text)}
	if _, known := w.failed[key]; known {
		return false
	}
	if w.match(pattern, text) {
		return true
	}
	if w.tries++; w.tries > worthIt {
		if w.failed == nil {
			w.failed = map[[2]int]struct{}{}
		}
		w.failed[key] = struct{}{}
	}
	return false
}
