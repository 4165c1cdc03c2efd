package ledger

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Name returns the tag under which an image is retired, and its number, 0
// without {{.Next}}. A number is higher than all that l remembers of the
// template and than those of all tags that fit, present or recorded. Other
// tags may exist already: the caller looks.
//
// The error says what the image lacks, or why the outcome is no tag for it.
func (t Template) Name(l Ledger, f Facts) (tag string, number int, err error) {
	var b strings.Builder
	for _, p := range t.parts {
		value := p.text
		if p.field == "Next" {
			number, err = t.following(l, f.Tags)
			value = strconv.Itoa(number)
		} else if p.field != "" {
			value, err = f.value(p.field)
		}
		if err != nil {
			return "", 0, fmt.Errorf("make a tag of template %s: %w", t, err)
		}
		b.WriteString(value)
	}
	if err := checkName(b.String()); err != nil {
		return "", 0, fmt.Errorf("make a tag of template %s: %w", t, err)
	}
	return b.String(), number, nil
}

const day = "20060102"

// value returns what a field other than Next stands for.
func (f Facts) value(field string) (string, error) {
	switch {
	case field == "Version" && f.Version == "":
		return "", errors.New("the image has no version label of its own (org.opencontainers.image.version)")
	case field == "Version":
		return noSign.ReplaceAllString(f.Version, "-"), nil
	case field == "Digest" && f.Digest.Short() == "":
		return "", errors.New("the image's digest is not known")
	case field == "Digest":
		return f.Digest.Short(), nil
	case field == "Created":
		return date(f.Created, "the image does not say when it was made")
	}
	return date(f.Now, "the time of the retirement is not known")
}

func date(t time.Time, missing string) (string, error) {
	if ValidateTime(t) != nil {
		return "", errors.New(missing)
	}
	return t.UTC().Format(day), nil
}

// following returns the number after all that were ever used.
func (t Template) following(l Ledger, tags []string) (int, error) {
	highest := l.Numbers[t.String()]
	for _, tag := range tags {
		if n, ok := t.Number(tag); ok {
			highest = max(highest, n)
		}
	}
	for _, r := range l.Records {
		if n, ok := t.Number(r.Tag); ok {
			highest = max(highest, n)
		}
	}
	if highest >= math.MaxInt32 {
		return 0, fmt.Errorf("number %d is used, and there is none above it: take another template", highest)
	}
	return highest + 1, nil
}

var (
	noSign    = regexp.MustCompile(`[^A-Za-z0-9._-]`)
	companion = regexp.MustCompile(`^sha(?:256|384|512)-[0-9a-f]{64}`)
)

// checkText says why the text of a template cannot be part of a tag.
func checkText(text string, first bool) error {
	if bad := noSign.FindString(text); bad != "" {
		return fmt.Errorf("a tag cannot hold %q", bad)
	}
	if first && text != "" && strings.ContainsAny(text[:1], ".-") {
		return fmt.Errorf("a tag cannot begin with %q", text[:1])
	}
	return nil
}

// checkName says why an image is not retired under a tag.
func checkName(tag string) error {
	switch {
	case !IsTag(tag):
		return fmt.Errorf("%.150q is no tag: at most 128 letters, digits, dots, dashes and underscores, beginning with none of the dots and dashes", tag)
	case IsOwn(tag):
		return fmt.Errorf("%s: tags that begin with %s are basekeeper's own", tag, TagPrefix)
	case companion.MatchString(tag):
		return fmt.Errorf("%s: such tags belong to signatures and the like", tag)
	}
	return nil
}

func endsInDigit(s string) bool     { return s != "" && isDigit(s[len(s)-1]) }
func beginsWithDigit(s string) bool { return s != "" && isDigit(s[0]) }
func isDigit(c byte) bool           { return c >= '0' && c <= '9' }
