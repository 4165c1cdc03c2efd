package dockerfile

import (
	"bytes"
	"strings"
)

// directive is what our comments begin with.
const directive = "basekeeper:"

// comments reads the comments right above the line that holds the digest or
// the reference, and, for the first reference of an instruction, those right
// above the instruction.
func (s *source) comments(u *Use) {
	s.commentsAbove(u, u.Line)
	if u.word.Start != unknown {
		s.commentsAbove(u, s.lineAt(u.word.Start))
	}
	if u.first && u.start != unknown {
		s.commentsAbove(u, s.lineAt(u.start))
	}
}

// commentsAbove reads upward from the line until one that is no comment; empty
// lines between are passed over.
func (s *source) commentsAbove(u *Use, line int) {
	for n := line - 1; n >= 1; n-- {
		raw, _ := s.line(n)
		text := bytes.TrimSpace(raw)
		if len(text) == 0 {
			continue
		}
		if text[0] != '#' {
			return
		}
		u.obey(strings.TrimSpace(string(text[1:])))
	}
}

// obey applies one comment; the nearest one wins.
func (u *Use) obey(comment string) {
	words, ok := strings.CutPrefix(comment, directive)
	if !ok {
		return
	}
	for _, word := range strings.Fields(words) {
		if tag, ok := strings.CutPrefix(word, "tag="); ok && u.Follow == "" {
			u.Follow = tag
		}
		u.Ignore = u.Ignore || word == "ignore"
	}
}
