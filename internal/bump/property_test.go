package bump_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/image"
)

// line draws an instruction; D is a pinned reference.
func line(t *rapid.T, draw func() string) string {
	forms := []string{
		"FROM D", "from  D  AS s%d", "FROM --platform=linux/amd64 D", "COPY --from=D /a /b", "COPY --chown=0:0 --from=D /a /b",
		"RUN --mount=type=bind,from=D,target=/x true", "ONBUILD COPY --from=D /a /b", "FROM \\\n # why\n  D", "RUN <<EOF\nFROM D\nEOF",
		"# FROM D", "LABEL x=D", "# basekeeper: ignore\nFROM D", "FROM r.io/plain:1", "RUN echo \\\n  two",
	}
	form := rapid.SampledFrom(forms).Draw(t, "form")
	if strings.Contains(form, "%d") {
		form = fmt.Sprintf(form, rapid.IntRange(0, 99).Draw(t, "stage"))
	}
	if strings.Contains(form, "D") && !strings.HasPrefix(form, "D") {
		form = regexp.MustCompile(`\bD\b`).ReplaceAllLiteralString(form, draw())
	}
	return form
}

// file draws a Dockerfile with line endings, a BOM or none, and args.
func file(t *rapid.T, draw func() string) string {
	var lines []string
	if rapid.Bool().Draw(t, "arg") {
		lines = append(lines, "ARG BASE="+draw(), "FROM ${BASE}")
		if rapid.Bool().Draw(t, "twice") {
			lines = append(lines, "FROM $BASE AS again")
		}
	} else {
		lines = append(lines, "FROM "+draw())
	}
	for range rapid.IntRange(0, 6).Draw(t, "lines") {
		lines = append(lines, line(t, draw))
	}
	end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end")
	content := strings.ReplaceAll(strings.Join(lines, "\n"), "\n", end)
	if rapid.Bool().Draw(t, "last newline") {
		content += end
	}
	if rapid.Bool().Draw(t, "bom") {
		content = "\ufeff" + content
	}
	return content
}

var anyDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// Whatever the files and whatever moves: a bump changes digests and nothing
// else, and the second bump writes nothing.
func TestBumpIsIdempotentAndChangesDigestsOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		registry := newFake()
		var refs []string
		var digests []image.Digest
		for i := range 4 {
			refs = append(refs, fmt.Sprintf("app%d:1", i))
			digests = append(digests, registry.push(refs[i], "one", "linux/amd64"))
		}
		draw := func() string {
			i := rapid.IntRange(0, len(refs)-1).Draw(t, "image")
			return fmt.Sprintf("r.io/%s@%s", refs[i], digests[i])
		}
		var files []string
		for i := range rapid.IntRange(1, 4).Draw(t, "files") {
			files = append(files, fmt.Sprintf("%d/Dockerfile", i), file(t, draw))
		}
		for i, ref := range refs {
			if rapid.Bool().Draw(t, "moves") {
				registry.push(ref, fmt.Sprint("two", i), "linux/amd64")
			}
		}

		r, tree := repository(".", files...)
		before := map[string]string{}
		for path, content := range tree.files {
			before[path] = content
		}
		run := func() []bump.Outcome {
			p, err := bump.Flow{Registry: registry, Cache: memory(t), Now: now}.Plan(t.Context(), []bump.Repository{r})
			require.NoError(t, err)
			return bump.Apply(t.Context(), p, []bump.Repository{r})
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
