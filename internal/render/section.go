package render

import (
	"fmt"
	"strings"
	"time"
)

// mostSection is the most characters of a section's name.
const mostSection = 60

// SectionStart begins a part of a GitLab job's log that people can fold, and
// that is folded at first where folded is true. It is one line, with its end.
// What there is of the name beside letters, digits, dots, dashes and
// underscores is written as dashes; two sections of a job that are not one in
// the other may have the same name. The header may be text from outside.
//
// Spec: "Custom collapsible sections" of GitLab's manual.
func SectionStart(name, header string, at time.Time, folded bool) string {
	options := ""
	if folded {
		options = "[collapsed=true]"
	}
	return fmt.Sprintf("\x1b[0Ksection_start:%d:%s%s\r\x1b[0K%s\n", at.Unix(), sectionName(name), options, Clean(header))
}

// SectionEnd ends the part of that name.
func SectionEnd(name string, at time.Time) string {
	return fmt.Sprintf("\x1b[0Ksection_end:%d:%s\r\x1b[0K\n", at.Unix(), sectionName(name))
}

// sectionName is name in the characters that GitLab takes.
func sectionName(name string) string {
	name = cutBytes(strings.Map(func(c rune) rune {
		if c < 0x80 && (letterOrDigit(c) || strings.ContainsRune("_.-", c)) {
			return c
		}
		return '-'
	}, name), mostSection)
	if name == "" {
		return "section"
	}
	return name
}

// LogText makes text from outside, of any number of lines, safe for a log:
// without escape sequences and carriage returns no line of it begins or ends a
// section, moves the cursor or writes over another. What is left of them is
// seen. Line ends of another system become ours.
func LogText(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		text, ended := strings.CutSuffix(line, "\n")
		b.WriteString(Clean(strings.ReplaceAll(strings.TrimSuffix(text, "\r"), "\t", "  ")))
		if ended {
			b.WriteByte('\n')
		}
	}
	return b.String()
}
