package ledger

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const date8 = `[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])`

// fields says what each field looks like in a tag.
var fields = map[string]string{
	"Next":    `(?P<Next>[1-9][0-9]{0,9})`,
	"Version": `[A-Za-z0-9._-]+`,
	"Date":    date8,
	"Created": date8,
	"Digest":  `[0-9a-f]{12}`,
}

// Fits reports whether a tag is as t names them, whole and exactly: v5 fits
// v{{.Next}}; v05, v0, v5.1 and xv5 do not. Only the shape counts: every tag
// fits {{.Version}}. Tags of basekeeper's own and those of signatures and the
// like never fit.
func (t Template) Fits(tag string) bool {
	_, fits := t.match(tag)
	return fits
}

// Marks reports whether a tag that fits says by its name alone that it is a
// retired version, so that it may be taken for one without a record: it has a
// number, or a date or digest beside letters of the template's, as in
// old-{{.Date}}. What people name so themselves never does: any tag fits
// {{.Version}}, 20260301 may be a nightly build's, twelve hexadecimal digits a
// commit's, and a fixed name anybody's.
func (t Template) Marks(tag string) bool {
	if !t.Fits(tag) {
		return false
	}
	dated := t.has("Date") || t.has("Created") || t.has("Digest")
	return t.has("Next") || dated && !t.has("Version") && t.lettered()
}

// lettered reports whether there is a letter in the text of a template.
func (t Template) lettered() bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return letter.MatchString(p.text) })
}

var letter = regexp.MustCompile(`[A-Za-z]`)

// Number returns the number in a tag that fits a template with {{.Next}}.
func (t Template) Number(tag string) (int, bool) {
	number, fits := t.match(tag)
	return number, fits && t.has("Next")
}

func (t Template) match(tag string) (number int, fits bool) {
	if t.shape == nil || checkName(tag) != nil {
		return 0, false
	}
	m := t.shape.FindStringSubmatch(tag)
	if m == nil || !t.has("Next") {
		return 0, m != nil
	}
	n, err := strconv.ParseInt(m[1], 10, 32)
	if err != nil { // larger than any of ours
		return 0, false
	}
	return int(n), true
}

// shape returns the pattern of the tags that fit.
func shape(parts []part) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^(?:")
	for _, p := range parts {
		b.WriteString(regexp.QuoteMeta(p.text) + fields[p.field])
	}
	b.WriteString(")$")
	return regexp.MustCompile(b.String())
}
