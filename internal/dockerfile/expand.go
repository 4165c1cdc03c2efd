package dockerfile

import (
	"fmt"
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

// maxValue bounds an ARG's value in bytes. References are far shorter; a few
// lines of ARG A=$A$A are not.
const maxValue = 1 << 16

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
	marked   [markings]*string // by [expander.marked]
	volatile string            // the build-dependent argument that it draws from
	missing  string            // the ARG without a default that it draws from
}

// expander expands words as BuildKit does, and remembers where each character
// came from.
type expander struct {
	lex   *shell.Lex
	stage string // the build's target
	args  map[string]*argument
	marks []mark

	declared   map[string]bool // ARGs without a default, which a build can set
	predefined bool
}

// newExpander returns an expander without any argument yet.
func newExpander(escape rune, targetStage string) *expander {
	return &expander{lex: shell.NewLex(escape), stage: or(targetStage, "default"), args: map[string]*argument{}, declared: map[string]bool{}}
}

// predefine adds the arguments that BuildKit defines itself, for linux/amd64,
// where the file has not set them: what depends on them is volatile. Few files
// use any, so they come with the first word that could.
func (e *expander) predefine() {
	if e.predefined {
		return
	}
	e.predefined = true
	for _, arg := range [...]struct{ name, value string }{
		{"BUILDPLATFORM", "linux/amd64"}, {"BUILDOS", "linux"}, {"BUILDOSVERSION", ""}, {"BUILDARCH", "amd64"}, {"BUILDVARIANT", ""},
		{"TARGETPLATFORM", "linux/amd64"}, {"TARGETOS", "linux"}, {"TARGETOSVERSION", ""}, {"TARGETARCH", "amd64"}, {"TARGETVARIANT", ""},
		{"TARGETSTAGE", e.stage},
	} {
		if _, set := e.args[arg.name]; !set {
			e.args[arg.name] = &argument{value: unplaced(arg.value), volatile: arg.name}
		}
	}
}

// marked returns the value of an argument with marks, which are made once.
func (e *expander) marked(a *argument, how marking) string {
	if a.marked[how] == nil {
		text := e.markValue(a.value, how)
		a.marked[how] = &text
	}
	return *a.marked[how]
}

// define sets the ARG name to the expansion of word. An ARG that cannot be
// expanded is BuildKit's error.
func (e *expander) define(name string, word fragment) error {
	a, err := e.expand(word)
	if err != nil {
		return err
	}
	if len(a.value.text) > maxValue {
		return fmt.Errorf("ARG %s expands to more than %d bytes", name, maxValue)
	}
	e.args[name] = &a
	return nil
}

// declare notes an ARG without a default. It keeps the value that it has.
func (e *expander) declare(name string) { e.declared[name] = true }

// expand expands word.
func (e *expander) expand(word fragment) (argument, error) {
	if !strings.ContainsFunc(word.text, special) {
		return argument{value: word}, nil
	}
	e.predefine()
	plain, err := e.lex.ProcessWordWithMatches(word.text, getter{e.args, func(a *argument) string { return a.value.text }})
	if err != nil {
		return argument{}, err
	}
	result, a := plain.Result, argument{}
	for _, name := range slices.Sorted(maps.Keys(plain.Matched)) {
		a.volatile, a.missing = or(a.volatile, e.args[name].volatile), or(a.missing, e.args[name].missing)
	}
	for _, name := range slices.Sorted(maps.Keys(plain.Unmatched)) {
		if e.declared[name] {
			a.missing = or(a.missing, name)
		}
	}
	a.value = e.trace(word, result)
	return a, nil
}

// special reports whether the lexer may make something else of r.
func special(r rune) bool { return r >= 0x80 || strings.ContainsRune("$'\"\\`", r) }

// trace finds the places of the characters of plain, the expansion of word.
func (e *expander) trace(word fragment, plain string) fragment {
	if e.risky(word.text) {
		return unplaced(plain)
	}
	for how := range markings {
		marked, _, err := e.lex.ProcessWord(e.markWord(word, how), getter{e.args, func(a *argument) string { return e.marked(a, how) }})
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
	var text strings.Builder
	offs := make([]int, 0, len(s))
	for _, r := range s {
		if i := int(r) - firstMark; i >= 0 && i < len(e.marks) {
			text.WriteByte(e.marks[i].char)
			offs = append(offs, e.marks[i].offset)
			continue
		}
		n, _ := text.WriteRune(r)
		for range n {
			offs = append(offs, unknown)
		}
	}
	return fragment{text: text.String(), offs: offs}
}

// getter is the environment of BuildKit's lexer.
type getter struct {
	args map[string]*argument
	pick func(*argument) string
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
