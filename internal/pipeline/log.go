package pipeline

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/basekeeper/basekeeper/internal/render"
)

// maxLine is how much of a line is held back until its end, in bytes.
const maxLine = 64 << 10

// log writes text of anybody to a job's log: it can neither begin nor end a
// section, nor color what follows, and secrets are not in it.
type log struct {
	to      io.Writer
	masks   *strings.Replacer
	longest int // bytes of the longest secret

	mu   sync.Mutex
	line []byte // that has not ended yet
}

func newLog(to io.Writer, secrets []string) *log {
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b string) int { // one may begin with another
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	l := &log{to: to}
	var pairs []string
	for _, secret := range slices.Compact(secrets) {
		pairs = append(pairs, secret, "[MASKED]")
		l.longest = max(l.longest, len(secret))
	}
	l.masks = strings.NewReplacer(pairs...)
	return l
}

// Write takes text. The end of it is written when its line ends: half a secret
// could not be told.
func (l *log) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := 0
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		end = len(l.line) + i + 1
	}
	l.line = append(l.line, text...)
	if end == 0 && len(l.line) > maxLine+l.longest {
		end = l.part()
	}
	if err := l.write(end); err != nil {
		return 0, err
	}
	return len(text), nil
}

// part returns how much of a long line can be written though it has not ended:
// all but what a secret may begin with, and no half character.
func (l *log) part() int {
	l.line = []byte(l.masks.Replace(string(l.line)))
	end := max(0, len(l.line)-l.longest)
	for end > 0 && end < len(l.line) && !utf8.RuneStart(l.line[end]) {
		end--
	}
	return end
}

// write writes the first n bytes of what is held back.
func (l *log) write(n int) error {
	if n == 0 {
		return nil
	}
	text := l.hide(string(l.line[:n]))
	l.line = append(l.line[:0], l.line[n:]...)
	_, err := io.WriteString(l.to, text)
	return err
}

// hide makes text harmless.
func (l *log) hide(text string) string { return render.LogText(l.masks.Replace(text)) }

// mark writes a line that is not harmless and must not be: a section's begin or
// end, or what is colored. It stands on a line of its own.
func (l *log) mark(line string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	if len(l.line) > 0 {
		l.line = append(l.line, '\n')
		err = l.write(len(l.line))
	}
	_, other := io.WriteString(l.to, line)
	return errors.Join(err, other)
}
