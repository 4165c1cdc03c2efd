package forge_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

func TestBranchName(t *testing.T) {
	tests := map[[2]string]string{
		{"debian:12", ""}:             "basekeeper/debian-12",
		{"node:22.1", ""}:             "basekeeper/node-22.1",
		{"", ""}:                      "basekeeper/all",
		{"debian:bookworm-slim", ""}:  "basekeeper/debian-bookworm-slim-654fcb",
		{"debian-bookworm:slim", ""}:  "basekeeper/debian-bookworm-slim-90718d",
		{"ghcr.io/acme/tomcat:9", ""}: "basekeeper/ghcr.io-acme-tomcat-9-7fe68f",
		{"debian:12", "release/1"}:    "basekeeper/debian-12-release-1-f0e9a3",
		{"", "release/1"}:             "basekeeper/all-release-1-11902d",
		{"debian:V1", ""}:             "basekeeper/debian-v1-4626bc",
		{"debian:x.lock", ""}:         "basekeeper/debian-x.lock-ada705",
	}
	for in, want := range tests {
		assert.Equal(t, want, forge.BranchName(in[0], in[1]), "%q", in)
	}
}

// Whatever the names are: git takes the branch, it is short, and another image
// or base gets another.
func FuzzBranchName(f *testing.F) {
	f.Add("debian:12", "", "debian-12:latest", "")
	f.Add("a/b-c:1", "", "a-b/c:1", "")
	f.Add("a:..", "~^:?*[\\", "a:.", "x")
	f.Add(strings.Repeat("a", 300)+":1", "", strings.Repeat("a", 300)+":2", "")
	f.Add("", "all", "all:x", "")
	f.Fuzz(func(t *testing.T, image, base, image2, base2 string) {
		one, two := forge.BranchName(image, base), forge.BranchName(image2, base2)
		require.LessOrEqual(t, len(one), 100)
		require.Regexp(t, `^basekeeper/[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$`, one)
		require.NotContains(t, one, "..")
		require.False(t, strings.HasSuffix(one, ".lock"))
		if image != image2 || base != base2 {
			require.NotEqual(t, one, two, "%q %q and %q %q", image, base, image2, base2)
		}
	})
}

func TestGitTakesTheNames(t *testing.T) {
	for _, in := range [][2]string{
		{"debian:12", ""}, {"", ""}, {"a:..", ""}, {"a:.", ".lock"}, {"x:y", "~^:?*[\\"}, {"-a:-", "-"}, {"a:x.lock", "x.lock"}, {"@{:1", "@"}, {"a:", ""}, {":", ""},
		{strings.Repeat("ä", 300), "ö"},
	} {
		name := forge.BranchName(in[0], in[1])
		out, err := exec.CommandContext(t.Context(), "git", "check-ref-format", "--branch", name).CombinedOutput()
		assert.NoError(t, err, "%q: %s", name, out)
	}
}
