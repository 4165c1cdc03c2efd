package ledger

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// DefaultTemplate numbers retired images: v1, v2, v3.
const DefaultTemplate = "v{{.Next}}"

// Facts is what a template can name.
type Facts struct {
	Digest  image.Digest // of the image that is retired
	Version string       // its own label org.opencontainers.image.version; empty where it has none of its own
	Created time.Time    // of the image; zero where unknown
	Now     time.Time    // of the retirement
	Tags    []string     // all that the repository has
}

// Template says under which tags images are retired. It is text with fields,
// as text/template writes them:
//
//	{{.Next}}     the next number that was never used, from 1
//	{{.Version}}  the image's own version
//	{{.Date}}     the day of the retirement, 20260301
//	{{.Created}}  the day on which the image was made
//	{{.Digest}}   the first twelve digits of its digest
//
// One without fields is a fixed tag, which moves. The zero Template names
// nothing.
type Template struct {
	parts []part
	shape *regexp.Regexp // what fits; nil for the zero Template
}

// part is a text or a field of a template.
type part struct {
	text  string
	field string // Next; empty for a text
}

// maxLiteral bounds the text beside the fields.
const maxLiteral = 100

var fieldNames = []string{"Next", "Version", "Date", "Created", "Digest"}

// ParseTemplate reads a template. The error says where it is not one, or why
// no tag could come of it: each field may be there once, and beside {{.Next}}
// there may be neither a digit nor another field, so that a number is found
// again in its tag.
func ParseTemplate(text string) (Template, error) {
	var t Template
	for rest := text; rest != ""; {
		at := len(text) - len(rest)
		p, after, err := next(rest)
		if err == nil {
			err = t.accepts(p)
		}
		if err != nil {
			return Template{}, fmt.Errorf("parse template %.200q: character %d: %w", text, at+1, err)
		}
		t.parts, rest = append(t.parts, p), after
	}
	if err := t.check(); err != nil {
		return Template{}, fmt.Errorf("parse template %.200q: %w", text, err)
	}
	t.shape = shape(t.parts)
	return t, nil
}

// next takes the first part off a template's text.
func next(rest string) (p part, after string, err error) {
	const open, end = "{{", "}}"
	if text, _, _ := strings.Cut(rest, open); text != "" {
		return part{text: text}, rest[len(text):], nil
	}
	action, after, ok := strings.Cut(rest[len(open):], end)
	if !ok {
		return part{}, "", fmt.Errorf("%s without %s", open, end)
	}
	name, ok := strings.CutPrefix(strings.Trim(action, " \t"), ".")
	if !ok || !slices.Contains(fieldNames, name) {
		return part{}, "", fmt.Errorf("{{%.50s}} is none of the fields {{.%s}}", action, strings.Join(fieldNames, "}}, {{."))
	}
	return part{field: name}, after, nil
}

// accepts says why a part cannot come next.
func (t Template) accepts(p part) error {
	var before part
	if len(t.parts) > 0 {
		before = t.parts[len(t.parts)-1]
	}
	switch {
	case p.field != "" && t.has(p.field):
		return fmt.Errorf("{{.%s}} is there already", p.field)
	case p.field != "" && before.field != "" && (p.field == "Next" || before.field == "Next"):
		return errors.New("beside {{.Next}} there has to be a sign, for instance a dot, before the next field")
	case p.field == "Next" && endsInDigit(before.text), before.field == "Next" && beginsWithDigit(p.text):
		return errors.New("beside {{.Next}} there may be no digit")
	}
	return checkText(p.text, len(t.parts) == 0)
}

// check says why no tag could come of a template.
func (t Template) check() error {
	literal := 0
	for _, p := range t.parts {
		literal += len(p.text)
	}
	switch {
	case len(t.parts) == 0:
		return errors.New("it is empty")
	case literal > maxLiteral:
		return fmt.Errorf("it has %d characters beside the fields, more than %d", literal, maxLiteral)
	case t.Fixed():
		return checkName(t.String())
	case IsOwn(t.parts[0].text):
		return fmt.Errorf("tags that begin with %s are basekeeper's own", TagPrefix)
	}
	return nil
}

// String returns the template as text, each field in its shortest form.
func (t Template) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.field != "" {
			b.WriteString("{{." + p.field + "}}")
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// Fixed reports whether t is one tag, which moves with each retirement.
func (t Template) Fixed() bool { return len(t.parts) == 1 && t.parts[0].field == "" }

// has reports whether a template has a field.
func (t Template) has(field string) bool { return slices.Contains(t.parts, part{field: field}) }
