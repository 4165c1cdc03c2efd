package demo

import (
	"fmt"
	"strings"
)

// body shows a pull or merge request as plain text, up to what is folded.
func (s *story) body(repository string, number int) {
	var lines []string
	s.do(func() error {
		p, err := s.pull(repository, number)
		if err != nil {
			return err
		}
		visible, _, folded := strings.Cut(p.body, "<details>")
		if !folded {
			return fmt.Errorf("the demo expects a body that folds what is not read at once:\n%s", p.body)
		}
		lines = append([]string{p.title, "by " + p.author + ", from " + p.head, ""}, plain(visible)...)
		return nil
	})
	if s.err == nil {
		s.print("")
	}
	for _, line := range append(lines, "", "(and, folded: how to decline, ignore, verify and roll it back)") {
		s.print(strings.TrimRight("  | "+line, " "))
	}
}

// plain makes Markdown, as basekeeper writes it, text to be read as it is: a
// table with one row becomes a list of its cells.
func plain(markdown string) []string {
	var lines, heads []string
	for line := range strings.Lines(strings.TrimRight(markdown, "\n")) {
		line = strings.NewReplacer("**", "", "`", "", "\n", "").Replace(line)
		inside, table := strings.CutPrefix(line, "| ")
		switch {
		case strings.HasPrefix(line, "|---"):
		case !table:
			heads = nil
			lines = append(lines, line)
		case heads == nil:
			heads = strings.Split(strings.TrimSuffix(inside, " |"), " | ")
		default:
			for i, cell := range strings.Split(strings.TrimSuffix(inside, " |"), " | ") {
				lines = append(lines, fmt.Sprintf("%-9s  %s", heads[min(i, len(heads)-1)], cell))
			}
		}
	}
	return lines
}
