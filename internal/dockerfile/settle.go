package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Reasons why a use cannot be edited; others name what stands in the way.
const (
	reasonUnpinned = "not pinned by digest"
	reasonPieces   = "the digest does not stand in the file in one piece, or passes a pattern on its way"
)

// place notes where the use's word and its instruction begin.
func (u *Use) place(line, word fragment) {
	u.start, u.word = unknown, Span{unknown, unknown}
	if off, ok := line.firstKnown(); ok {
		u.start = off
	}
	if off, ok := word.firstKnown(); ok {
		u.word = Span{Start: off, End: word.offs[len(word.offs)-1] + 1}
	}
}

// settle decides what can be edited, which takes all uses of the file: a digest
// in an ARG can serve several of them.
func (s *source) settle(uses []Use) {
	instructions := map[int]bool{}
	for i := range uses {
		u := &uses[i]
		u.first = !instructions[u.start]
		instructions[u.start] = true
		s.locate(u)
	}
	for i := range uses {
		u := &uses[i]
		u.PinAt = unknown
		switch {
		case u.Reason != "":
		case u.Ref.Digest == "":
			u.Reason = reasonUnpinned
			u.PinAt = pinAt(*u, uses)
		default:
			u.Reason = conflict(*u, uses)
		}
		u.Editable = u.Reason == ""
		s.comments(u)
	}
	for i := range uses { // keeping a use must not keep the place of every character
		uses[i].text, uses[i].word = fragment{}, Span{}
	}
}

// locate finds the digest's text and the use's line.
func (s *source) locate(u *Use) {
	if u.word.Start != unknown {
		u.Line = s.lineAt(u.word.Start)
	}
	if u.Ref.Digest == "" {
		return
	}
	digest := u.text.slice(strings.LastIndexByte(u.text.text, '@')+1, len(u.text.text))
	digits := digest.slice(strings.IndexByte(digest.text, ':')+1, len(digest.text))
	if off, ok := digits.firstKnown(); ok {
		u.Line = s.lineAt(off)
	}
	span, ok := digest.span()
	if !ok {
		span, ok = digits.span()
	}
	switch {
	case ok:
		u.Digest = span
	case u.Reason == "":
		u.Reason = reasonPieces
	}
}

// conflict says which other image would move with the use's digest: text that
// one ARG lends to several references can only be replaced when they are the
// same.
func conflict(u Use, uses []Use) string {
	others := map[string]bool{}
	for _, other := range uses {
		if !other.draws(u.Digest) {
			continue
		}
		if other.Digest.End != u.Digest.End || !sameTag(other.Ref, u.Ref) {
			others[describe(other)] = true
		}
	}
	if len(others) == 0 {
		return ""
	}
	names := []string{describe(u)}
	for name := range others {
		names = append(names, name)
	}
	slices.Sort(names)
	return fmt.Sprintf("the same digest text serves %s: no new digest fits all of them", strings.Join(slices.Compact(names), " and "))
}

func describe(u Use) string {
	if u.Ref.IsZero() {
		return fmt.Sprintf("line %d", u.Line)
	}
	return u.Ref.Tagged(u.Ref.Tag).String()
}

func sameTag(a, b image.Reference) bool { return a.Tagged(a.Tag) == b.Tagged(b.Tag) }

// draws reports whether any character of u comes from span.
func (u Use) draws(span Span) bool {
	return slices.ContainsFunc(u.text.offs, func(off int) bool { return off >= span.Start && off < span.End })
}

// pinAt returns where a digest can be added to a reference that has none: in
// the ARG that holds all of it, so that a build which sets another value is not
// given this one's digest, unless other references would change with it; else
// behind the word of the instruction.
func pinAt(u Use, uses []Use) int {
	if u.word.End == unknown {
		return unknown
	}
	span, ok := u.text.span()
	if !ok || span.End == u.word.End {
		return u.word.End
	}
	last := Span{Start: span.End - 1, End: span.End}
	for _, other := range uses {
		if other.draws(last) && other.text.text != u.text.text {
			return u.word.End
		}
	}
	return span.End
}
