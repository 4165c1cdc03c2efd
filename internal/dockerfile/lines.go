package dockerfile

import (
	"bytes"
	"unicode"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// unknown is the offset of a byte whose place in the file is not known.
const unknown = -1

// fragment is text of which every byte knows the file offset that it came
// from, or unknown.
type fragment struct {
	text string
	offs []int // len(offs) == len(text)
}

// unplaced returns text without places.
func unplaced(text string) fragment {
	f := fragment{text: text, offs: make([]int, len(text))}
	for i := range f.offs {
		f.offs[i] = unknown
	}
	return f
}

func (f fragment) slice(from, to int) fragment {
	return fragment{text: f.text[from:to], offs: f.offs[from:to]}
}

// trim drops white space at both ends, as strings.TrimSpace does.
func (f fragment) trim() fragment {
	left := len(f.text) - len(trimLeft(f.text))
	right := len(trimRight(f.text))
	if right < left {
		return fragment{}
	}
	return f.slice(left, right)
}

// span returns the range of the file that f is a copy of, and false where f is
// empty, not in one piece, or of unknown place.
func (f fragment) span() (Span, bool) {
	if len(f.offs) == 0 || f.offs[0] == unknown {
		return Span{}, false
	}
	for i, off := range f.offs {
		if off != f.offs[0]+i {
			return Span{}, false
		}
	}
	return Span{Start: f.offs[0], End: f.offs[0] + len(f.offs)}, true
}

// firstKnown returns the first known offset.
func (f fragment) firstKnown() (int, bool) {
	for _, off := range f.offs {
		if off != unknown {
			return off, true
		}
	}
	return 0, false
}

// source is a file cut into lines.
type source struct {
	src    []byte
	starts []int // offset of each line's first byte
	escape byte
}

func newSource(src []byte) *source {
	s := &source{src: src, escape: parser.DefaultEscapeToken, starts: make([]int, 1, 1+bytes.Count(src, []byte{'\n'}))}
	for i, c := range src {
		if c == '\n' && i+1 < len(src) {
			s.starts = append(s.starts, i+1)
		}
	}
	return s
}

// line returns the 1-based line's bytes with its line ending, and the offset
// of the first.
func (s *source) line(n int) ([]byte, int) {
	if n < 1 || n > len(s.starts) {
		return nil, len(s.src)
	}
	start, end := s.starts[n-1], len(s.src)
	if n < len(s.starts) {
		end = s.starts[n]
	}
	line := s.src[start:end]
	if n == 1 {
		if rest, ok := bytes.CutPrefix(line, []byte("\xEF\xBB\xBF")); ok {
			return rest, start + len(line) - len(rest)
		}
	}
	return line, start
}

// lineAt returns the 1-based number of the line that holds offset.
func (s *source) lineAt(offset int) int {
	lo, hi := 0, len(s.starts)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; s.starts[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + 1
}

// logical returns the instruction that starts on the 1-based line as BuildKit's
// parser joins it: comments and empty lines between continued ones dropped, the
// continuation characters too. Where that is not the text that BuildKit saw,
// the places are unknown.
func (s *source) logical(startLine int, want string) fragment {
	text := make([]byte, 0, len(want))
	offs := make([]int, 0, len(want))
	for n := startLine; n <= len(s.starts); n++ {
		line, start := s.line(n)
		body := bytes.TrimRight(line, "\r\n")
		left := bytes.TrimLeftFunc(body, unicode.IsSpace)
		if n == startLine {
			start += len(body) - len(left)
			body = left
		} else if len(left) == 0 || left[0] == '#' {
			continue
		}
		body, continued := s.trimContinuation(body)
		text = append(text, body...)
		for i := range body {
			offs = append(offs, start+i)
		}
		if !continued {
			break
		}
	}
	if string(text) != want {
		return unplaced(want)
	}
	return fragment{text: want, offs: offs}
}

// trimContinuation drops the escape character that continues the line. It is
// one when nothing but blanks follows and no other escape character stands
// right before it.
func (s *source) trimContinuation(line []byte) ([]byte, bool) {
	trimmed := bytes.TrimRight(line, " \t")
	last := len(trimmed) - 1
	if last < 0 || trimmed[last] != s.escape || (last > 0 && trimmed[last-1] == s.escape) {
		return line, false
	}
	return trimmed[:last], true
}

// declares reports whether the comments that the file begins with hold word,
// so that they may be a parser directive of that name.
func (s *source) declares(word string) bool {
	for n := 1; n <= len(s.starts); n++ {
		line, _ := s.line(n)
		if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			return false
		}
		if bytes.Contains(bytes.ToLower(line), []byte(word)) {
			return true
		}
	}
	return false
}
