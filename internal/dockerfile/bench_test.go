package dockerfile_test

import (
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
)

// typical is a Dockerfile of common length, with two pins.
const typical = `# syntax=docker/dockerfile:1
ARG GO_VERSION=1.26
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}@` + aaa + ` AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -o /out/app ./cmd/app

FROM debian:12@` + bbb + `
COPY --from=build /out/app /usr/local/bin/app
USER 65532
ENTRYPOINT ["/usr/local/bin/app"]
`

func BenchmarkParse(b *testing.B) {
	src := []byte(typical)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if f := dockerfile.Parse(src); len(f.Uses) != 3 {
			b.Fatal(f)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkBuildKit is the part of BenchmarkParse that is BuildKit's own: its
// parser, and its instructions from the nodes.
func BenchmarkBuildKit(b *testing.B) {
	lint := linter.New(&linter.Config{SkipAll: true})
	for b.Loop() {
		parsed, err := parser.Parse(strings.NewReader(typical))
		require.NoError(b, err)
		for _, node := range parsed.AST.Children {
			_, err := instructions.ParseInstructionWithLinter(node, lint)
			require.NoError(b, err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "files/s")
}
