package dockerfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
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
	sorted := order(edits)
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

// order sorts edits by place and drops those that say the same.
func order(edits []Edit) []Edit {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int {
		return cmp.Or(a.Start-b.Start, strings.Compare(a.New, b.New))
	})
	return slices.Compact(sorted)
}

// LineAt returns the 1-based line of src that holds the offset.
func LineAt(src []byte, offset int) int {
	return newSource(src).lineAt(min(max(offset, 0), len(src)))
}

// ChangedError reports that edits would do more to a file than replace the
// digests they were made for.
type ChangedError struct {
	Line        int // 1-based, in the file before the edits
	Before, Now string
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("line %d: the edit would turn %s into %s, which is more than its digest", e.Line, e.Before, e.Now)
}

// Apply is Replace with a look at the result: it must still use the same
// images, in the same places, and only their digests may differ. It returns a
// [*ChangedError] where that is not so.
func Apply(src []byte, edits []Edit) ([]byte, error) {
	out, err := Replace(src, edits)
	if err != nil {
		return nil, err
	}
	before, after := Parse(src), Parse(out)
	if len(after.Problems) > len(before.Problems) {
		return nil, &ChangedError{Line: after.Problems[0].Line, Before: "a file that builds", Now: after.Problems[0].Message}
	}
	for i, b := range before.Uses {
		if i >= len(after.Uses) {
			return nil, &ChangedError{Line: b.Line, Before: b.Ref.String(), Now: "nothing"}
		}
		if a := after.Uses[i]; a.Kind != b.Kind || !sameImage(a.Ref, b.Ref) || !wanted(a.Ref.Digest, b.Ref.Digest, edits) {
			return nil, &ChangedError{Line: b.Line, Before: b.Ref.String(), Now: a.Ref.String()}
		}
	}
	return out, nil
}

// sameImage compares references without their digests. One without tag and
// digest is its tag latest, which pinning writes out.
func sameImage(a, b image.Reference) bool {
	if b.Tag == "" && b.Digest == "" && a.Tag == image.LatestTag {
		b.Tag = a.Tag
	}
	return sameTag(a, b)
}

// wanted reports whether a digest is one that was there before or that an edit
// puts in.
func wanted(now, before image.Digest, edits []Edit) bool {
	return now == before || slices.ContainsFunc(edits, func(e Edit) bool {
		return now != "" && strings.HasSuffix(e.New, now.Encoded())
	})
}

// Undo returns edits that turn what Replace made back into what it was given.
func Undo(edits []Edit) []Edit {
	sorted := order(edits)
	undo := make([]Edit, len(sorted))
	shift := 0
	for i, e := range sorted {
		start := e.Start + shift
		undo[i] = Edit{Span: Span{Start: start, End: start + len(e.New)}, Old: e.New, New: e.Old}
		shift += len(e.New) - len(e.Old)
	}
	return undo
}
