package scan_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/scan"
)

func TestIsDockerfile(t *testing.T) {
	tests := map[string]bool{
		"Dockerfile": true, "a/b/Dockerfile": true, "Dockerfile.prod": true, "Dockerfile-alpine": true, "Dockerfile_x": true,
		"Dockerfile.go": true, "app.Dockerfile": true, "app.dockerfile": true, "dockerfile": true, "dockerfile.dev": true,
		"Containerfile": true, "Containerfile.rhel": true, "containerfile": true, "x.Containerfile": true,
		"Dockerfile.dockerignore": false, ".dockerignore": false, "dockerfile.go": false, "Dockerfiles": false,
		"MyDockerfile": false, "Dockerfile.": false, "dockerfile_test.py": false, "docker/README.md": false, "DOCKERFILE": false,
	}
	for name, want := range tests {
		assert.Equal(t, want, scan.IsDockerfile(name), name)
	}
}

func TestFile(t *testing.T) {
	occurrences, problems := scan.File(scan.Source{Repository: "r", Path: "a/Dockerfile", Blob: "b", Content: []byte("FROM debian:12\n")})
	require.Empty(t, problems)
	require.Len(t, occurrences, 1)
	assert.Equal(t, "r", occurrences[0].Repository)
	assert.Equal(t, "a/Dockerfile", occurrences[0].Path)
	assert.Equal(t, dockerfile.From, occurrences[0].Use.Kind)

	occurrences, problems = scan.File(scan.Source{Repository: "r", Path: "Dockerfile", Content: []byte("FROM\n")})
	assert.Empty(t, occurrences)
	require.Len(t, problems, 1)
	assert.Equal(t, 1, problems[0].Line)
	assert.Contains(t, problems[0].Message, "FROM requires either one or three arguments")
}
