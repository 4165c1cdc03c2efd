package oracletest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/image"
)

const testdata = "../dockerfile/testdata"

func TestImages(t *testing.T) {
	got, err := Images([]byte("# syntax=docker/dockerfile:1\nFROM --platform=linux/arm64 debian\n" +
		"ONBUILD COPY --from=busybox:1 /a /b\nRUN --mount=from=alpine,target=/t true"))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"docker.io/docker/dockerfile:1",
		"docker.io/library/alpine:latest",
		"docker.io/library/busybox:1",
		"docker.io/library/debian:latest",
	}, got)
}

// TestOracle holds dockerfile.Parse against BuildKit for each file of the
// corpus, before and after its digests are moved.
func TestOracle(t *testing.T) {
	moves, holds := readMoves(t), readHolds(t)
	for name, src := range readCorpus(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, parsed := Ask(src), dockerfile.Parse(src)
			if asked.Err != nil {
				assertRefused(t, asked.Err, parsed)
				return
			}
			if len(asked.Triggers) == 0 {
				assert.Empty(t, parsed.Problems)
			}
			assert.Equal(t, asked.Images, named(parsed.Uses, nil))
			assertHolds(t, holds[name], parsed.Uses)
			assertEdited(t, src, parsed.Uses, moves.next)
		})
	}
}

// assertRefused wants BuildKit's own words among the problems.
func assertRefused(t *testing.T, refusal error, parsed dockerfile.File) {
	t.Helper()
	if needsBuildArgument(refusal, parsed.Uses) {
		return
	}
	var messages []string
	for _, p := range parsed.Problems {
		messages = append(messages, p.Message)
		assert.Positive(t, p.Line)
	}
	assert.Contains(t, strings.Join(messages, "\n"), ownWords(refusal))
}

// needsBuildArgument is the one case in which a refusal is no problem of the
// file: BuildKit is asked without build arguments, and the base image or the
// platform of a stage is blank or invalid because an ARG has no default. Parse
// then reports a use without reference that names the ARG, or one whose
// platform stays as it is written.
func needsBuildArgument(refusal error, uses []dockerfile.Use) bool {
	words := refusal.Error()
	base := strings.Contains(words, "should not be blank") || strings.Contains(words, "failed to parse stage name")
	platform := strings.Contains(words, "empty platform value") || strings.Contains(words, "failed to parse platform")
	return slices.ContainsFunc(uses, func(u dockerfile.Use) bool {
		return base && u.Ref.IsZero() && strings.Contains(u.Reason, "has no default") ||
			platform && strings.Contains(u.Platform, "$")
	})
}

var (
	whereWords   = regexp.MustCompile(`^dockerfile parse error on line \d+: `)
	suggestWords = regexp.MustCompile(` \(did you mean .*\?\)$`)
)

// ownWords takes the place and the suggestion off BuildKit's message.
func ownWords(refusal error) string {
	return suggestWords.ReplaceAllString(whereWords.ReplaceAllString(refusal.Error(), ""), "")
}

// assertHolds wants every pinned use editable but for those that the corpus
// says are not, and those with a reason.
func assertHolds(t *testing.T, held []string, uses []dockerfile.Use) {
	t.Helper()
	for _, u := range uses {
		if u.Ref.Digest == "" {
			assert.False(t, u.Editable, "%s has no digest to edit", u.Ref)
			continue
		}
		tagged := strings.TrimSuffix(u.Ref.String(), "@"+u.Ref.Digest.String())
		if u.Editable {
			assert.NotContains(t, held, tagged)
			continue
		}
		assert.NotEmpty(t, u.Reason, tagged)
		assert.Contains(t, held, tagged, u.Reason)
	}
}

// assertEdited moves the editable uses that next knows and asks BuildKit again.
func assertEdited(t *testing.T, src []byte, uses []dockerfile.Use, next nextDigest) {
	t.Helper()
	edited, err := dockerfile.Replace(src, edits(src, uses, next))
	require.NoError(t, err)
	asked, err := Images(edited)
	require.NoError(t, err)
	assert.Equal(t, named(uses, next), asked, "after the edit")
	again := dockerfile.Parse(edited)
	assert.Equal(t, asked, named(again.Uses, nil), "parsed after the edit")
	assert.Empty(t, edits(edited, again.Uses, next), "a second run")
}

func readMoves(t *testing.T) moves {
	t.Helper()
	var list []struct {
		Image, Tag string
		Old, New   image.Digest
	}
	readJSON(t, "moves.json", &list)
	m := moves{}
	for _, row := range list {
		m[row.Image+":"+row.Tag+"@"+row.Old.String()] = row.New
	}
	require.Len(t, m, len(list), "a move is listed twice")
	return m
}

func readHolds(t *testing.T) map[string][]string {
	t.Helper()
	var holds map[string][]string
	readJSON(t, "holds.json", &holds)
	for name := range holds {
		assert.FileExists(t, filepath.Join(testdata, "corpus", name+".dockerfile"))
	}
	return holds
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(testdata, name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, into), name)
}

// buildkitRaces are files at which BuildKit itself has a data race: a COPY by
// the number of an image that an earlier COPY or RUN named puts that image into
// dispatchStates.states twice, and resolveReachableStages reads the second
// while a goroutine resolves the first.
var buildkitRaces = []string{
	"copy-from-number-counts-again",
	"copy-from-number-of-image-source",
	"copy-from-number-of-mount-source",
}

func readCorpus(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata, "corpus", "*.dockerfile"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	corpus := map[string][]byte{}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(path), ".dockerfile")
		if racing && slices.Contains(buildkitRaces, name) {
			continue
		}
		corpus[name] = src
	}
	return corpus
}
