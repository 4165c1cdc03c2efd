package render

import (
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"
)

// Clean makes text from outside safe for one line of a terminal: control
// characters, which could move the cursor or forge lines, and what shows nothing
// are written as escapes.
func Clean(s string) string {
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			format := "\\u%04x"
			if r > 0xffff {
				format = "\\U%08x"
			}
			fmt.Fprintf(&b, format, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hidden reports whether r shows nothing by itself: controls, the marks that
// turn the direction of what follows, characters without width, and line ends.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar
}

// Place writes file:line as terminals and editors make it a link.
func Place(repository, file string, line int) string {
	p := file
	if repository != "" && repository != "." {
		p = path.Join(repository, file)
	}
	if line > 0 {
		p = fmt.Sprintf("%s:%d", p, line)
	}
	return Clean(p)
}

// table writes rows with their columns lined up, two blanks between them and
// none at the end.
func table(w io.Writer, indent string, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			line += cell
			if i < len(row)-1 {
				line += strings.Repeat(" ", widths[i]-len([]rune(cell))+2)
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// count writes 1 file, 2 files.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") && !strings.HasSuffix(noun, "ay") {
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
