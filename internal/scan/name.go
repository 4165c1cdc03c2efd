package scan

import (
	"path"
	"slices"
	"strings"
)

// IsDockerfile reports whether the file's name says that it is a Dockerfile:
// Dockerfile and Containerfile, with anything behind a dot, dash or underscore
// (Dockerfile.prod, Containerfile-alpine), or as an extension (app.Dockerfile).
// The all-lower-case forms count too, unless their extension is that of a
// program's source, as in dockerfile.go.
func IsDockerfile(name string) bool {
	base := path.Base(name)
	if strings.HasSuffix(base, ".dockerignore") || strings.HasSuffix(base, ".containerignore") {
		return false
	}
	for _, word := range []string{"Dockerfile", "Containerfile"} {
		if named(base, word) {
			return true
		}
		if lower := strings.ToLower(word); named(base, lower) && !isSource(base) {
			return true
		}
	}
	return false
}

func named(base, word string) bool {
	if base == word || strings.HasSuffix(base, "."+word) {
		return true
	}
	rest, ok := strings.CutPrefix(base, word)
	return ok && len(rest) > 1 && strings.IndexByte(".-_", rest[0]) >= 0
}

// isSource reports whether the extension is one that parsers and editors use
// for code, text and data about Dockerfiles rather than for Dockerfiles.
func isSource(base string) bool {
	extensions := []string{".c", ".cc", ".cpp", ".cs", ".css", ".go", ".h", ".html", ".java", ".js", ".json", ".kt", ".lua", ".md", ".mjs", ".php", ".py", ".rb", ".rs", ".rst", ".sh", ".snap", ".svg", ".swift", ".toml", ".ts", ".tsx", ".txt", ".vim", ".xml", ".yaml", ".yml"}
	return slices.Contains(extensions, path.Ext(base))
}
