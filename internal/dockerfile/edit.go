package dockerfile

import (
	"fmt"
	"slices"
	"strings"
)

// Edit replaces the text at a span of a file; an empty span inserts.
type Edit struct {
	Span
	Old string // what must stand there now
	New string
}

// EditError reports an edit that does not fit the file.
type EditError struct {
	Edit Edit
	Line int    // 1-based
	Got  string // what stands there
}

func (e *EditError) Error() string {
	return fmt.Sprintf("line %d: want %q, found %q", e.Line, e.Edit.Old, e.Got)
}

// Replace returns src with the edits made and every other byte kept. Edits that
// are the same text at the same place count once. It returns an [*EditError]
// and no bytes where src does not say what an edit expects, or edits overlap.
func Replace(src []byte, edits []Edit) ([]byte, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return strings.Compare(a.New, b.New)
	})
	sorted = slices.Compact(sorted)
	var out []byte
	pos := 0
	for _, e := range sorted {
		if e.Start < pos || e.End < e.Start || e.End > len(src) {
			return nil, &EditError{Edit: e, Line: LineAt(src, e.Start)}
		}
		if got := string(src[e.Start:e.End]); got != e.Old {
			return nil, &EditError{Edit: e, Line: LineAt(src, e.Start), Got: got}
		}
		out = append(out, src[pos:e.Start]...)
		out = append(out, e.New...)
		pos = e.End
	}
	return append(out, src[pos:]...), nil
}

// LineAt returns the 1-based line of src that holds the offset.
func LineAt(src []byte, offset int) int {
	return newSource(src).lineAt(min(max(offset, 0), len(src)))
}
