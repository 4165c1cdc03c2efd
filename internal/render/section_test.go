package render_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/render"
)

// marker is a section's begin or end as GitLab reads one in a job's log, and
// whatever else could move the cursor.
var (
	marker   = regexp.MustCompile(`section_(start|end):(\d+):([a-zA-Z0-9_.-]+)(\[\w+=\w+(?:, ?\w+=\w+)*\])?\r\x1b\[0K`)
	movement = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f-\x{9f}]`)
)

func TestSections(t *testing.T) {
	at := time.Unix(1_767_225_600, 999)
	assert.Equal(t, "\x1b[0Ksection_start:1767225600:bump[collapsed=true]\r\x1b[0KBump 3 images\n", render.SectionStart("bump", "Bump 3 images", at, true))
	assert.Equal(t, "\x1b[0Ksection_start:1767225600:bump\r\x1b[0KBump\n", render.SectionStart("bump", "Bump", at, false))
	assert.Equal(t, "\x1b[0Ksection_end:1767225600:bump\r\x1b[0K\n", render.SectionEnd("bump", at))
}

func TestSectionNames(t *testing.T) {
	at := time.Unix(1, 0)
	tests := map[string]string{
		"bump": "bump", "a.b_c-D9": "a.b_c-D9", "group/sub project": "group-sub-project", "": "section", "größe": "gr--e",
		"x[collapsed=true]\r\x1b[0K": "x-collapsed-true----0K", strings.Repeat("x", 100): strings.Repeat("x", 60),
	}
	for name, want := range tests {
		start, end := render.SectionStart(name, "h", at, true), render.SectionEnd(name, at)
		assert.Equal(t, []string{"start", "1", strings.ReplaceAll(want, "ö", "-"), "[collapsed=true]"}, marker.FindStringSubmatch(start)[1:])
		assert.Equal(t, []string{"end", "1", want, ""}, marker.FindStringSubmatch(end)[1:])
	}
}

func checkLog(t *testing.T, s string) {
	t.Helper()
	at := time.Unix(1, 0)
	text := render.LogText(s)
	assert.NotRegexp(t, movement, text)
	assert.Empty(t, marker.FindAllString(text, -1), "%q", s)
	assert.Equal(t, text, render.LogText(text), "once is enough")
	assert.Equal(t, strings.Count(s, "\n"), strings.Count(text, "\n"), "lines stay lines")

	whole := render.SectionStart(s, s, at, true) + text + "\n" + render.SectionEnd(s, at)
	found := marker.FindAllStringSubmatch(whole, -1)
	if assert.Len(t, found, 2, "%q", s) {
		assert.Equal(t, found[0][3], found[1][3])
		assert.Equal(t, []string{"start", "end"}, []string{found[0][1], found[1][1]})
	}
	header, _, _ := strings.Cut(whole, "\n")
	assert.Equal(t, 2, strings.Count(header, "\x1b"), "%q", s)
	assert.Equal(t, 1, strings.Count(header, "\r"), "%q", s)
}

var logAttacks = []string{
	"", "plain", "two\nlines\n", "dos\r\nlines\r\n", "a\tb", "over\rwritten", "\x1b[31mred\x1b[0m", "\x1b[2J", "\u009b2J", "\xff\r\x1b", evil,
	"\x1b[0Ksection_end:1:bump\r\x1b[0K", "section_start:1:x[collapsed=true]\r\x1b[0Kheader", "section_end:1:x\r\r\x1b[0K", "\n\x1b[0Ksection_start:1:x\r\x1b[0K\n",
}

func TestLogText(t *testing.T) {
	for _, s := range logAttacks {
		checkLog(t, s)
	}
	assert.NotEmpty(t, marker.FindAllString(logAttacks[11], -1), "the oracle sees a section")
	assert.Equal(t, "a  b\nc\n", render.LogText("a\tb\r\nc\n"))
	assert.Equal(t, `\u001b[31mred over\u000dwritten`, render.LogText("\x1b[31mred over\rwritten"))
}

func FuzzLogText(f *testing.F) {
	for _, s := range logAttacks {
		f.Add(s)
	}
	f.Fuzz(checkLog)
}
