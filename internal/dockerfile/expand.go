package dockerfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// A mark is a private-use rune that stands for one byte of the file. Planes 15
// and 16 have room for more bytes than the ARG and FROM words of any sane file.
const (
	firstMark = 0xF0000
	lastMark  = 0x10FFFD
)

type mark struct {
	char   byte
	offset int
}

// marking says which characters of a value become marks. BuildKit's pattern
// forms (${V#pattern}, ${V/a/b}) do not match marks; where they are used, only
// the digits of digests are marked.
type marking int

const (
	everything marking = iota
	digestsOnly
	markings
)

// argument is an ARG before the first FROM, or a platform argument.
type argument struct {
	value    fragment
	marked   [markings]string
	volatile string // the build-dependent argument that it draws from
	missing  string // the ARG without a default that it draws from
}

// expander expands words as BuildKit does, and remembers where each character
// came from.
type expander struct {
	lex   *shell.Lex
	args  map[string]argument
	marks []mark
}

// newExpander returns an expander that knows the arguments which BuildKit
// defines itself, for linux/amd64: what depends on them is marked volatile.
func newExpander(escape rune, targetStage string) *expander {
	e := &expander{lex: shell.NewLex(escape), args: map[string]argument{}}
	for name, value := range map[string]string{
		"BUILDPLATFORM": "linux/amd64", "BUILDOS": "linux", "BUILDOSVERSION": "", "BUILDARCH": "amd64", "BUILDVARIANT": "",
		"TARGETPLATFORM": "linux/amd64", "TARGETOS": "linux", "TARGETOSVERSION": "", "TARGETARCH": "amd64", "TARGETVARIANT": "",
		"TARGETSTAGE": or(targetStage, "default"),
	} {
		e.set(name, argument{value: unplaced(value), volatile: name})
	}
	return e
}

func (e *expander) set(name string, a argument) {
	a.marked[everything] = e.markValue(a.value, everything)
	a.marked[digestsOnly] = e.markValue(a.value, digestsOnly)
	e.args[name] = a
}

// define sets the ARG name to the expansion of word. An ARG that cannot be
// expanded is BuildKit's error.
func (e *expander) define(name string, word fragment) error {
	a, err := e.expand(word)
	if err != nil {
		return err
	}
	e.set(name, a)
	return nil
}

// expand expands word.
func (e *expander) expand(word fragment) (argument, error) {
	if !strings.ContainsAny(word.text, "$'\"\\`") {
		return argument{value: word}, nil
	}
	plain, err := e.lex.ProcessWordWithMatches(word.text, getter{e.args, func(a argument) string { return a.value.text }})
	if err != nil {
		return argument{}, err
	}
	result, a := plain.Result, argument{}
	for _, name := range slices.Sorted(maps.Keys(plain.Matched)) {
		a.volatile, a.missing = or(a.volatile, e.args[name].volatile), or(a.missing, e.args[name].missing)
	}
	for _, name := range slices.Sorted(maps.Keys(plain.Unmatched)) {
		a.missing = or(a.missing, name)
	}
	a.value = e.trace(word, result)
	return a, nil
}

// trace finds the places of the characters of plain, the expansion of word.
func (e *expander) trace(word fragment, plain string) fragment {
	for how := range markings {
		marked, _, err := e.lex.ProcessWord(e.markWord(word, how), getter{e.args, func(a argument) string { return a.marked[how] }})
		if err != nil {
			continue
		}
		if f := e.unmark(marked); f.text == plain {
			return f
		}
	}
	return unplaced(plain)
}

func (e *expander) unmark(s string) fragment {
	var f fragment
	for _, r := range s {
		if i := int(r) - firstMark; i >= 0 && i < len(e.marks) {
			f.text += string(e.marks[i].char)
			f.offs = append(f.offs, e.marks[i].offset)
			continue
		}
		f.text += string(r)
		for range len(string(r)) {
			f.offs = append(f.offs, unknown)
		}
	}
	return f
}

// getter is the environment of BuildKit's lexer.
type getter struct {
	args map[string]argument
	pick func(argument) string
}

func (g getter) Get(name string) (string, bool) {
	a, ok := g.args[name]
	if !ok {
		return "", false
	}
	return g.pick(a), true
}

func (g getter) Keys() []string { return slices.Sorted(maps.Keys(g.args)) }

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
