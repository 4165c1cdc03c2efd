package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxExcerpt is the length in bytes of the longest source line that is shown.
const maxExcerpt = 200

// Error is one mistake in a configuration file.
type Error struct {
	File    string // as given to Parse
	Line    int    // 1-based
	Column  int    // 1-based, in characters
	Message string
	Source  string // the line; empty where it is too long or may hold a secret
}

// Error returns FILE:LINE:COL: message and, where there is a Source, the line
// and a caret under the place.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
	if e.Source == "" {
		return s
	}
	return s + "\n  " + e.Source + "\n  " + e.indent() + "^"
}

// indent returns what stands before the caret: a tab for every tab of the
// line, so that the two stay aligned whatever a tab is wide, else blanks.
func (e *Error) indent() string {
	var b strings.Builder
	column := 1
	for _, c := range e.Source {
		if column == e.Column {
			break
		}
		column++
		if c == '\t' {
			b.WriteByte('\t')
			continue
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// fail notes a mistake at line and column, which are brought inside the file
// where the YAML parser's position is not.
func (r *reader) fail(line, column int, message string) {
	line = min(max(line, 1), max(len(r.lines), 1))
	var source string
	if len(r.lines) > 0 {
		source = r.lines[line-1]
	}
	column = min(max(column, 1), utf8.RuneCountInString(source)+1)
	e := &Error{File: r.file, Line: line, Column: column, Message: message, Source: source}
	if len(source) > maxExcerpt || strings.TrimSpace(source) == "" || looksSecret(source) {
		e.Source = ""
	}
	r.errs = append(r.errs, e)
}

// err joins the mistakes in the order of their places. One that several
// aliases lead to is told once, and no line is shown that a secret was found
// on.
func (r *reader) err() error {
	slices.SortStableFunc(r.errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var all []error
	told := map[Error]bool{}
	for _, e := range r.errs {
		if r.secret[e.Line] {
			e.Source = ""
		}
		if !told[*e] {
			told[*e] = true
			all = append(all, e)
		}
	}
	return errors.Join(all...)
}

// notSecret removes the keys of ours that only sound like secrets.
var notSecret = strings.NewReplacer("password-env", "", "user-env", "", "token-service", "")

// looksSecret reports whether text may hold credentials: they have no place in
// a configuration, which is why they must not be printed when they are there.
func looksSecret(text string) bool {
	text = notSecret.Replace(strings.ToLower(text))
	for _, word := range []string{"passw", "secret", "token", "credential", "username", "user:", "user\"", "user'", "auth:", "auth\""} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
