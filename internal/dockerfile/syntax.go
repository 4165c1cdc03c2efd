package dockerfile

import (
	"bytes"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/basekeeper/basekeeper/internal/image"
)

// syntaxUse finds the frontend's image in the # syntax= directive.
func (s *source) syntaxUse() (use Use, found bool, err error) {
	if !bytes.Contains(s.src, []byte("syntax")) && !bytes.Contains(bytes.ToLower(s.src), []byte("syntax")) {
		return Use{}, false, nil
	}
	name, _, ranges, ok := parser.DetectSyntax(s.src)
	if !ok || len(ranges) == 0 {
		return Use{}, false, nil
	}
	ref, err := image.ParseReference(name)
	if err != nil {
		return Use{}, false, parser.WithLocation(unwrap(err), ranges)
	}
	use = Use{Kind: Syntax, Ref: ref, Line: max(1, ranges[0].Start.Line)}
	line, start := s.line(use.Line)
	use.text = unplaced(name)
	if _, value, ok := bytes.Cut(line, []byte("=")); ok && bytes.HasPrefix(bytes.TrimLeft(value, " \t"), []byte(name)) {
		at := start + len(line) - len(bytes.TrimLeft(value, " \t"))
		use.text = fragment{text: name, offs: make([]int, len(name))}
		for i := range use.text.offs {
			use.text.offs[i] = at + i
		}
	}
	use.place(use.text, use.text)
	return use, true, nil
}

// valid reports whether BuildKit can parse reference.
func valid(reference string) bool {
	_, err := image.ParseReference(reference)
	return err == nil
}
