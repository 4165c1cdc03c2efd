package dockerfile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
)

const (
	aaa = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	bbb = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// show writes a use in one line, to compare and to read.
func show(u dockerfile.Use) string {
	var b strings.Builder
	b.WriteString(string(u.Kind) + " " + u.Ref.String())
	if u.Onbuild {
		b.WriteString(" onbuild")
	}
	if u.Stage != "" {
		b.WriteString(" in=" + u.Stage)
	}
	if u.Platform != "" {
		b.WriteString(" platform=" + u.Platform)
	}
	if !u.Editable {
		b.WriteString(" (" + u.Reason + ")")
	}
	return strings.NewReplacer(aaa, "A", bbb, "B").Replace(b.String())
}

func shown(f dockerfile.File) []string {
	var lines []string
	for _, u := range f.Uses {
		lines = append(lines, show(u))
	}
	return lines
}

// TestTraps has the forms that line-based tools get wrong, by name.
func TestTraps(t *testing.T) {
	tests := map[string]struct {
		src  string
		want []string
	}{
		"shared ARG": {
			"ARG V=3.20\nFROM alpine:${V}@A\nFROM python:${V}\n",
			[]string{"from docker.io/library/alpine:3.20@A", "from docker.io/library/python:3.20 (not pinned by digest)"},
		},
		"one digest ARG, two tags": {
			"ARG D=A\nFROM debian:12@$D\nFROM debian:11@$D\n",
			[]string{
				"from docker.io/library/debian:12@A (the same digest text serves docker.io/library/debian:11 and docker.io/library/debian:12: no new digest fits all of them)",
				"from docker.io/library/debian:11@A (the same digest text serves docker.io/library/debian:11 and docker.io/library/debian:12: no new digest fits all of them)",
			},
		},
		"one digest ARG, same tag twice": {
			"ARG D=A\nFROM debian:12@$D AS a\nFROM debian:12@$D\n",
			[]string{"from docker.io/library/debian:12@A in=a", "from docker.io/library/debian:12@A"},
		},
		"stage name folded": {
			"FROM debian:12@A AS Build\nFROM build\n",
			[]string{"from docker.io/library/debian:12@A in=build"},
		},
		"stage named like its image": {
			"FROM alpine AS alpine\nFROM alpine\nCOPY --from=ALPINE / /\n",
			[]string{"from docker.io/library/alpine in=alpine (not pinned by digest)"},
		},
		"chown with variables before from": {
			"FROM scratch\nCOPY --chown=$U:$G --from=debian:12@A /a /b\n",
			[]string{"copy-from docker.io/library/debian:12@A"},
		},
		"second mount": {
			"FROM scratch\nRUN --mount=type=cache,target=/c --mount=type=bind,from=debian:12@A,target=/d true\n",
			[]string{"mount-from docker.io/library/debian:12@A"},
		},
		"from=0": {
			"FROM debian@A\nFROM scratch\nCOPY --from=0 /a /b\nRUN --mount=from=0,target=/x true\n",
			[]string{"from docker.io/library/debian@A", "mount-from docker.io/library/0 (not pinned by digest)"},
		},
		"escape before syntax": {
			"# escape=`\n# syntax=docker/dockerfile:1@A\nFROM debian:12`\n@B\n",
			[]string{"syntax docker.io/docker/dockerfile:1@A", "from docker.io/library/debian:12@B"},
		},
		"digest on the continued line": {
			"FROM \\\n# why\n\n  debian:12@A \\\n AS x\n",
			[]string{"from docker.io/library/debian:12@A in=x"},
		},
		"digest split": {
			"FROM debian:12@sha256:aaaa\\\n" + strings.Repeat("a", 60) + "\n",
			[]string{"from docker.io/library/debian:12@A (the digest does not stand in the file in one piece, or passes a pattern on its way)"},
		},
		"quoted": {
			"ARG B=\"debian:12@A\"\nFROM \"$B\"\nFROM 'debian':\"12\"@A\n",
			[]string{"from docker.io/library/debian:12@A", "from docker.io/library/debian:12@A"},
		},
		"heredoc": {
			"FROM debian:12@A\nRUN <<EOF\nFROM alpine:3@B\nEOF\nCOPY <<X /y\nFROM alpine:3@B\nX\n",
			[]string{"from docker.io/library/debian:12@A"},
		},
		"port": {
			"FROM localhost:5000/img:1@A\nFROM localhost:5000/img\n",
			[]string{"from localhost:5000/img:1@A", "from localhost:5000/img (not pinned by digest)"},
		},
		"indented": {"  \tFROM debian:12@A", []string{"from docker.io/library/debian:12@A"}},
		"pattern forms beside a digest": {
			"ARG V=12-slim\nARG D=A\nFROM debian:${V%-slim}@${D}\n",
			[]string{"from docker.io/library/debian:12@A"},
		},
		"pattern on the digest": {
			"ARG D=A\nFROM debian:12@sha256:${D#sha256:}\n",
			[]string{"from docker.io/library/debian:12@A"},
		},
		"nested and defaulted": {
			"ARG N=debian\nARG R=${X:-docker.io}/library/$N T=12 D=A\nFROM --platform=$BUILDPLATFORM ${R}:${T:-11}@${D}\n",
			[]string{"from docker.io/library/debian:12@A platform=$BUILDPLATFORM"},
		},
		"digest in a default of the word": {
			"FROM ${BASE:-debian:12@A}\n", []string{"from docker.io/library/debian:12@A"},
		},
		"platform argument": {
			"FROM app-${TARGETARCH}:1@A\n",
			[]string{"from docker.io/library/app-amd64:1@A (the reference depends on TARGETARCH: each build sets that, and one digest cannot serve all of its values)"},
		},
		"build argument": {
			"ARG BASE\nFROM ${BASE}\nFROM debian:12@A\n",
			[]string{"from  (ARG BASE has no default: the image is known only to a build that sets it)", "from docker.io/library/debian:12@A"},
		},
		"onbuild": {
			"FROM debian:12@A AS b\nONBUILD COPY --from=b /a /b\nonbuild run --mount=from=alpine:3@B,target=/x true\nONBUILD COPY --from=0 / /\n",
			[]string{"from docker.io/library/debian:12@A in=b", "copy-from docker.io/library/b onbuild in=b (not pinned by digest)", "mount-from docker.io/library/alpine:3@B onbuild in=b"},
		},
		"CRLF, BOM, no last newline": {
			"\xEF\xBB\xBF# syntax=docker/dockerfile:1@A\r\nFROM \\\r\n  debian:12@B\r\nRUN echo \xff",
			[]string{"syntax docker.io/docker/dockerfile:1@A", "from docker.io/library/debian:12@B"},
		},
		"shebang": {
			"#!/usr/bin/env docker\n# syntax=docker/dockerfile:1@A\nFROM scratch\n",
			[]string{"syntax docker.io/docker/dockerfile:1@A"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			src := []byte(strings.NewReplacer("@A", "@"+aaa, "@B", "@"+bbb, "D=A", "D="+aaa).Replace(tt.src))
			file := dockerfile.Parse(src)
			require.Empty(t, file.Problems)
			assert.Equal(t, tt.want, shown(file))
			for _, u := range file.Uses {
				if !u.Editable {
					continue
				}
				text := string(src[u.Digest.Start:u.Digest.End])
				assert.Contains(t, []string{u.Ref.Digest.String(), u.Ref.Digest.Encoded()}, text)
				assert.Equal(t, dockerfile.LineAt(src, u.Digest.Start), u.Line)
			}
		})
	}
}
