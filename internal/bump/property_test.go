package bump_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/bump"
)

// line draws an instruction; D is a pinned reference.
func line(r *rand.Rand, draw func() string) string {
	forms := []string{
		"FROM D", "from  D  AS s%d", "FROM --platform=linux/amd64 D", "COPY --from=D /a /b", "COPY --chown=0:0 --from=D /a /b",
		"RUN --mount=type=bind,from=D,target=/x true", "ONBUILD COPY --from=D /a /b", "FROM \\\n # why\n  D", "RUN <<EOF\nFROM D\nEOF",
		"# FROM D", "LABEL x=D", "# basekeeper: ignore\nFROM D", "FROM r.io/plain:1", "RUN echo \\\n  two",
	}
	form := forms[r.IntN(len(forms))]
	if strings.Contains(form, "%d") {
		form = fmt.Sprintf(form, r.IntN(100))
	}
	return wordD.ReplaceAllLiteralString(form, draw())
}

var wordD = regexp.MustCompile(`\bD\b`)

// file draws a Dockerfile with line endings, a BOM or none, and args.
func file(r *rand.Rand, draw func() string) string {
	var lines []string
	if r.IntN(2) == 0 {
		lines = append(lines, "ARG BASE="+draw(), "FROM ${BASE}")
		if r.IntN(2) == 0 {
			lines = append(lines, "FROM $BASE AS again")
		}
	} else {
		lines = append(lines, "FROM "+draw())
	}
	for range r.IntN(7) {
		lines = append(lines, line(r, draw))
	}
	end := []string{"\n", "\r\n"}[r.IntN(2)]
	content := strings.ReplaceAll(strings.Join(lines, "\n"), "\n", end)
	if r.IntN(2) == 0 {
		content += end
	}
	if r.IntN(2) == 0 {
		content = "\ufeff" + content
	}
	return content
}

var anyDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// Whatever the files and whatever moves: a bump changes digests and nothing
// else, and the second bump writes nothing.
func FuzzBumpChangesDigestsOnlyAndOnce(f *testing.F) {
	for seed := range uint64(100) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		registry := newFake()
		var pins []string
		for i := range 4 {
			ref := fmt.Sprintf("app%d:1", i)
			pins = append(pins, fmt.Sprintf("r.io/%s@%s", ref, registry.push(ref, "one", "linux/amd64")))
			if random.IntN(3) > 0 {
				registry.push(ref, fmt.Sprint("two", i), "linux/amd64")
			}
		}
		var files []string
		for i := range 1 + random.IntN(4) {
			files = append(files, fmt.Sprintf("%d/Dockerfile", i), file(random, func() string { return pins[random.IntN(len(pins))] }))
		}
		repo, tree := repository(".", files...)
		before := maps.Clone(tree.files)
		run := func() []bump.Outcome {
			p, err := flow(t, registry).Plan(t.Context(), []bump.Repository{repo})
			require.NoError(t, err)
			return bump.Apply(t.Context(), p, []bump.Repository{repo})
		}
		for _, o := range run() {
			require.NoError(t, o.Err)
		}
		for path, content := range tree.files {
			assert.Equal(t, anyDigest.ReplaceAllString(before[path], "D"), anyDigest.ReplaceAllString(content, "D"), path)
		}
		tree.writes = nil
		assert.Empty(t, run())
		assert.Empty(t, tree.writes)
	})
}
