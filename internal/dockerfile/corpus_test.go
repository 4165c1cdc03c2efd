package dockerfile_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/image"
)

var update = flag.Bool("update", false, "write the golden files anew")

// corpus returns the Dockerfiles of testdata/corpus by name.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/corpus/*.dockerfile")
	require.NoError(t, err)
	require.Greater(t, len(paths), 120, "the corpus is not where it should be")
	files := make(map[string][]byte, len(paths))
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		files[strings.TrimSuffix(filepath.Base(path), ".dockerfile")] = content
	}
	return files
}

// moves returns where the corpus's tags have moved, by pinned reference.
func moves(t testing.TB) map[string]image.Digest {
	t.Helper()
	content, err := os.ReadFile("testdata/moves.json")
	require.NoError(t, err)
	var rows []struct {
		Image, Tag string
		Old, New   image.Digest
	}
	require.NoError(t, json.Unmarshal(content, &rows))
	next := make(map[string]image.Digest, len(rows))
	for _, row := range rows {
		next[row.Image+":"+row.Tag+"@"+string(row.Old)] = row.New
	}
	return next
}

// move makes the edits that bring the editable uses to their new digests.
func move(src []byte, uses []dockerfile.Use, next func(dockerfile.Use) image.Digest) []dockerfile.Edit {
	var edits []dockerfile.Edit
	for _, u := range uses {
		to := next(u)
		if !u.Editable || to == "" {
			continue
		}
		e := dockerfile.Edit{Span: u.Digest, Old: string(src[u.Digest.Start:u.Digest.End]), New: string(to)}
		if e.Old == u.Ref.Digest.Encoded() {
			e.New = to.Encoded()
		}
		edits = append(edits, e)
	}
	return edits
}

// TestCorpus compares what is found, and the file after a bump, with golden
// files. That they are right is BuildKit's word, in internal/oracletest; here
// is what a reviewer sees change.
func TestCorpus(t *testing.T) {
	table := moves(t)
	next := func(u dockerfile.Use) image.Digest { return table[u.Ref.String()] }
	for name, src := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			file := dockerfile.Parse(src)
			golden(t, name+".uses", found(file))

			bumped, err := dockerfile.Apply(src, move(src, file.Uses, next))
			require.NoError(t, err)
			golden(t, name+".bumped", bumped)
			assert.Empty(t, move(bumped, dockerfile.Parse(bumped).Uses, next), "a second run must change nothing")
		})
	}
}

// found writes a file's uses and problems, a line each.
func found(file dockerfile.File) []byte {
	var b strings.Builder
	for _, u := range file.Uses {
		fmt.Fprintf(&b, "%d: %s", u.Line, show(u))
		for _, extra := range []struct {
			there bool
			text  string
		}{
			{!u.Digest.Empty(), fmt.Sprintf(" digest=%d-%d", u.Digest.Start, u.Digest.End)},
			{u.PinAt >= 0, fmt.Sprintf(" pin-at=%d", u.PinAt)},
			{u.Ignore, " ignore"},
			{u.Follow != "", " follow=" + u.Follow},
		} {
			if extra.there {
				b.WriteString(extra.text)
			}
		}
		b.WriteString("\n")
	}
	for _, p := range file.Problems {
		fmt.Fprintf(&b, "%d: problem: %s\n", p.Line, p.Message)
	}
	return []byte(b.String())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test -update, then read the diff")
	assert.Equal(t, string(want), string(got))
}
