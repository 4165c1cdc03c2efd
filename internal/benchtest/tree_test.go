package benchtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
)

// The size of what is measured: each Dockerfile pins two images.
const (
	tags         = 200
	repositories = 50
	files        = 1000
)

// digests are what the tags point at, or what Dockerfiles pin.
type digests [tags]image.Digest

// place returns where image i lives. The tags are words, not versions: which
// version comes next is not the question here.
func place(i int) (repository, tag string) {
	words := [tags / repositories]string{"stable", "slim", "alpine", "bookworm"}
	return fmt.Sprintf("bench/app%02d", i%repositories), words[i/repositories%len(words)]
}

// tree is a folder of Dockerfiles.
type tree struct {
	dir, host string
	files     int
}

// newTree writes n Dockerfiles that pin what pins says.
func newTree(t testing.TB, host string, n int, pins digests) tree {
	t.Helper()
	tr := tree{dir: t.TempDir(), host: host, files: n}
	for i := range n {
		require.NoError(t, os.MkdirAll(filepath.Dir(tr.path(i)), 0o755))
	}
	tr.write(t, pins)
	return tr
}

func (tr tree) write(t testing.TB, pins digests) {
	t.Helper()
	for i := range tr.files {
		require.NoError(t, os.WriteFile(tr.path(i), []byte(dockerfile(i, tr.host, pins, pins)), 0o644))
	}
}

func (tr tree) path(i int) string {
	return filepath.Join(tr.dir, fmt.Sprintf("team%02d", i%40), fmt.Sprintf("service%04d", i), "Dockerfile")
}

// right counts the files that are, byte for byte, what was to become of them
// when the tags moved from before to now.
func (tr tree) right(t testing.TB, before, now digests) int {
	t.Helper()
	right := 0
	for i := range tr.files {
		content, err := os.ReadFile(tr.path(i))
		require.NoError(t, err)
		if string(content) == dockerfile(i, tr.host, before, now) {
			right++
		}
	}
	return right
}

// dockerfile returns the text of file i. One in ten each has CRLF line endings,
// a copy of its FROM line in a script that must stay as it is, an ARG that
// serves two stages, a digest in an ARG of its own, and an image that RUN
// mounts; the others have two FROMs.
func dockerfile(i int, host string, before, now digests) string {
	repository, tag := place(2 * i % tags)
	first := host + "/" + repository + ":" + tag
	a, frozen := string(now[2*i%tags]), string(before[2*i%tags])
	repository, tag = place((2*i + 1) % tags)
	b := host + "/" + repository + ":" + tag + "@" + string(now[(2*i+1)%tags])
	usual := "FROM " + first + "@" + a + " AS build\n" + work + "FROM " + b + "\n" + rest
	switch i % 10 {
	case 0:
		return strings.ReplaceAll(usual, "\n", "\r\n")
	case 1:
		script := "RUN <<EOF\ncat > /example <<END\nFROM " + first + "@" + frozen + "\nEND\nEOF\n"
		return "FROM " + first + "@" + a + " AS build\n" + work + script + "FROM " + b + "\n" + rest
	case 2:
		return "ARG BASE=" + first + "@" + a + "\nFROM ${BASE} AS build\n" + work + "FROM ${BASE}\nCOPY --from=" + b + " /etc/ssl /etc/ssl\n" + rest
	case 3:
		return "ARG DIGEST=" + a + "\nFROM " + first + "@${DIGEST} AS build\n" + work + "FROM " + b + "\n" + rest
	case 4:
		return "FROM " + first + "@" + a + " AS build\n" + work + "RUN --mount=type=bind,from=" + b + ",target=/tools /tools/strip /out/app\nFROM scratch\n" + rest
	}
	return usual
}

const (
	work = `WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 \
    go build -trimpath -o /out/app ./cmd/app
`
	rest = `COPY --from=build /out/app /usr/local/bin/app
EXPOSE 8080
USER 65532
ENTRYPOINT ["/usr/local/bin/app"]
`
)
