package dockerfile_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/image"
)

// FuzzParse holds on to what must be true of any bytes: no panic, places
// inside the file, an edit that changes the digests it is made for and no
// other byte, and nothing left to do afterwards.
func FuzzParse(f *testing.F) {
	for _, src := range corpus(f) {
		f.Add(src)
	}
	to := image.Digest("sha256:" + strings.Repeat("0123456789abcdef", 4))
	f.Fuzz(func(t *testing.T, src []byte) {
		file := dockerfile.Parse(src)
		lines := bytes.Count(src, []byte{'\n'}) + 1
		for _, u := range file.Uses {
			assert.True(t, u.Line >= 1 && u.Line <= lines, "line %d of %d", u.Line, lines)
			assert.LessOrEqual(t, u.PinAt, len(src))
			assert.Equal(t, u.Editable, u.Reason == "")
			if u.Editable {
				assert.Contains(t, []string{u.Ref.Digest.String(), u.Ref.Digest.Encoded()}, string(src[u.Digest.Start:u.Digest.End]))
			}
		}
		next := func(u dockerfile.Use) image.Digest {
			if u.Ref.Digest.Algorithm() != to.Algorithm() || u.Ref.Digest == to {
				return ""
			}
			return to
		}
		edits := move(src, file.Uses, next)
		bumped, err := dockerfile.Apply(src, edits)
		if err != nil {
			// Refused by the look at the result, as a pattern that only the new
			// digest matches; nothing is written then.
			var refused *dockerfile.ChangedError
			require.ErrorAs(t, err, &refused)
			return
		}
		assert.Len(t, bumped, len(src), "one digest takes another's place")
		again := dockerfile.Parse(bumped)
		require.Len(t, again.Uses, len(file.Uses))
		for i, u := range file.Uses {
			want := u.Ref
			if u.Editable && next(u) != "" {
				want.Digest = to
			}
			assert.Equal(t, want, again.Uses[i].Ref)
		}
		assert.Empty(t, move(bumped, again.Uses, next), "a second run must change nothing")
		restored, err := dockerfile.Replace(bumped, dockerfile.Undo(edits))
		require.NoError(t, err)
		assert.Equal(t, string(src), string(restored), "nothing but the edits differs")
	})
}

// FuzzPin pins what is not pinned and wants the same image with the digest.
func FuzzPin(f *testing.F) {
	for _, src := range corpus(f) {
		f.Add(src)
	}
	to := image.Digest("sha256:" + strings.Repeat("0123456789abcdef", 4))
	f.Fuzz(func(t *testing.T, src []byte) {
		file := dockerfile.Parse(src)
		var edits []dockerfile.Edit
		for _, u := range file.Uses {
			if u.Ref.Digest == "" && u.PinAt >= 0 {
				edits = append(edits, dockerfile.Edit{Span: dockerfile.Span{Start: u.PinAt, End: u.PinAt}, New: "@" + string(to)})
			}
		}
		pinned, err := dockerfile.Apply(src, edits)
		if err != nil {
			var refused *dockerfile.ChangedError
			require.ErrorAs(t, err, &refused)
			return
		}
		for i, u := range dockerfile.Parse(pinned).Uses {
			if before := file.Uses[i]; before.Ref.Digest == "" && before.PinAt >= 0 {
				assert.Equal(t, before.Ref.Pinned(to), u.Ref)
			}
		}
	})
}
