package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// maxGlob bounds the bytes of a pattern, and so the time that a match takes.
const maxGlob = 512

// Glob is a compiled pattern for slash-separated names. It matches a whole
// name, never a part of it:
//
//   - * is any text without a slash, also none;
//   - ** is any text; "**" with a slash behind it, at the start of a segment,
//     is any number of whole segments, also none: a/**/b matches a/b;
//   - ? is one character that is not a slash;
//   - every other character is itself, upper and lower case being different.
//
// The zero Glob matches the empty string only.
type Glob struct {
	pattern string
	steps   []step
}

// step is one state of the automaton that a pattern is compiled to.
type step struct {
	kind stepKind
	char rune // of a literal
}

type stepKind uint8

const (
	literal   stepKind = iota
	oneChar            // ?
	inSegment          // *
	anything           // **
	segments           // before "**/": go on, or over both
)

// CompileGlob compiles a pattern. Brackets, braces, backslashes and a leading
// ! mean something in other tools' globs and nothing here, so that they are
// refused rather than taken literally.
func CompileGlob(pattern string) (Glob, error) {
	if err := checkGlob(pattern); err != nil {
		return Glob{}, err
	}
	g := Glob{pattern: pattern}
	atSegment := true
	for rest := pattern; rest != ""; {
		stars := len(rest) - len(strings.TrimLeft(rest, "*"))
		switch {
		case stars >= 2:
			rest = rest[stars:]
			if atSegment && strings.HasPrefix(rest, "/") {
				g.steps = append(g.steps, step{kind: segments})
			}
			g.steps = append(g.steps, step{kind: anything})
			atSegment = false
		case stars == 1:
			g.steps, rest = append(g.steps, step{kind: inSegment}), rest[1:]
			atSegment = false
		default:
			c := []rune(rest)[0]
			rest = rest[len(string(c)):]
			g.steps = append(g.steps, charStep(c))
			atSegment = c == '/'
		}
	}
	return g, nil
}

func charStep(c rune) step {
	if c == '?' {
		return step{kind: oneChar}
	}
	return step{kind: literal, char: c}
}

func checkGlob(pattern string) error {
	switch {
	case pattern == "":
		return errors.New("a pattern must not be empty")
	case len(pattern) > maxGlob:
		return fmt.Errorf("the pattern is longer than %d bytes", maxGlob)
	case strings.HasPrefix(pattern, "!"):
		return errors.New("a pattern cannot be negated with !")
	case strings.ContainsAny(pattern, `[]{}\`):
		return errors.New(`a pattern knows *, ** and ? only, not [ ] { } \; write ? for such a character`)
	case strings.ContainsFunc(pattern, func(c rune) bool { return unicode.IsControl(c) || c == unicode.ReplacementChar }):
		return errors.New("a pattern must be of printable characters")
	}
	return nil
}

// String returns the pattern that g was compiled from.
func (g Glob) String() string { return g.pattern }

// Match reports whether g matches the whole of s. The time is at most
// proportional to the length of the pattern times that of s, whatever they
// are.
func (g Glob) Match(s string) bool {
	now := make([]bool, len(g.steps)+1)
	next := make([]bool, len(g.steps)+1)
	now[0] = true
	g.skip(now)
	for _, c := range s {
		clear(next)
		alive := false
		for i, st := range g.steps {
			if now[i] && st.accepts(c) {
				alive = true
				next[st.after(i)] = true
			}
		}
		if !alive {
			return false
		}
		g.skip(next)
		now, next = next, now
	}
	return now[len(g.steps)]
}

// skip adds the states that are reached without a character.
func (g Glob) skip(states []bool) {
	for i, st := range g.steps {
		if !states[i] {
			continue
		}
		switch st.kind {
		case inSegment, anything:
			states[i+1] = true
		case segments: // the steps behind it are ** and /
			states[i+1], states[i+3] = true, true
		}
	}
}

func (st step) accepts(c rune) bool {
	switch st.kind {
	case literal:
		return c == st.char
	case oneChar, inSegment:
		return c != '/'
	default:
		return st.kind == anything
	}
}

func (st step) after(i int) int {
	if st.kind == inSegment || st.kind == anything {
		return i
	}
	return i + 1
}
