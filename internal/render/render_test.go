package render_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/scan"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test -update, then read the diff")
	assert.Equal(t, string(want), string(got))
}

func digest(s string) image.Digest { return image.Digest("sha256:" + strings.Repeat(s, 64)) }

func edit(path string, line int) plan.Edit {
	return plan.Edit{Path: path, BlobID: "b", Line: line, Start: 5, End: 6, Old: "a", New: "b"}
}

// evil is text as an attacker would like to have it shown: it clears the
// screen, forges a line, turns the direction and hides.
const evil = "a\x1b[2J\r\n::error::forged\u202egnp.\u2066x\u200bz\u2028y\x00\x9b\ufffd"

// full is a plan with one of everything.
func full() plan.Plan {
	return plan.Plan{
		Version: plan.Version, CreatedAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Roots: []string{"."}, Current: 3,
		Bumps: []plan.Bump{
			{
				Repository: "app", Image: "docker.io/library/debian", Tag: "12", From: digest("1"), To: digest("2"), Gone: true,
				Note: "the registry no longer has the old digest: builds that use it fail", Edits: []plan.Edit{edit("Dockerfile", 1), edit("a b/Dockerfile", 12)},
			},
			{Repository: ".", Image: "ghcr.io/acme/very/long/name", Tag: "latest", From: digest("3"), To: digest("4"), Edits: []plan.Edit{edit("Dockerfile", 7)}},
			{Repository: "app", Image: "docker.io/library/alpine", Tag: "3", To: digest("5"), Edits: []plan.Edit{edit("Dockerfile", 3)}},
		},
		Holds: []plan.Hold{
			{Repository: "app", Path: "Dockerfile", Line: 9, Image: "docker.io/library/ruby", Tag: "3", Digest: digest("6"), Current: digest("7"), Code: plan.NotEditable, Reason: "the digest is put together", Gone: true},
			{Repository: "app", Path: "Dockerfile", Line: 10, Image: "docker.io/library/perl", Tag: "5", Digest: digest("6"), Current: digest("8"), Code: plan.Cooldown, Reason: "cooldown: first seen 0s ago"},
			{Repository: "app", Path: "Dockerfile", Line: 11, Image: "docker.io/library/php", Tag: "8", Code: plan.Unpinned, Reason: "not pinned"},
			{Repository: "app", Path: "Dockerfile", Line: 13, Code: plan.Unknowable, Reason: "needs a build argument"},
			{Repository: "app", Path: "Dockerfile", Line: 14, Image: "docker.io/library/go", Tag: "1", Digest: digest("9"), Code: plan.Denied, Reason: "access denied"},
			{Repository: "app", Path: "Dockerfile", Line: 15, Image: "docker.io/library/go", Tag: "2", Digest: digest("9"), Current: digest("a"), Code: plan.MissingPlatform, Reason: "the new index has no linux/arm64 yet"},
		},
		Problems: []scan.Problem{{Repository: "app", Path: "broken/Dockerfile", Line: 2, Message: "unknown instruction: FORM"}, {Path: "whole", Message: "too large"}},
	}
}

// hostile is a plan whose every text is an attack.
func hostile() plan.Plan {
	return plan.Plan{
		Bumps:    []plan.Bump{{Repository: evil, Image: evil, Tag: evil, From: digest("1"), To: digest("2"), Note: evil, Edits: []plan.Edit{edit(evil, 1)}}},
		Holds:    []plan.Hold{{Repository: evil, Path: evil, Line: 2, Image: "docker.io/library/go", Tag: evil, Digest: digest("3"), Code: plan.NotEditable, Reason: evil}},
		Problems: []scan.Problem{{Repository: evil, Path: evil, Message: evil}},
	}
}

func TestPlan(t *testing.T) {
	for name, p := range map[string]plan.Plan{"full": full(), "empty": {}, "current": {Current: 1}, "hostile": hostile()} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, render.Plan(&b, p))
			golden(t, "plan-"+name+".txt", b.Bytes())
			harmless(t, b.String())
		})
	}
}

// harmless checks that text shows what it is: no control but the newline, no
// mark that turns or hides.
func harmless(t *testing.T, s string) {
	t.Helper()
	i := strings.IndexFunc(s, func(r rune) bool {
		return r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp))
	})
	assert.Negative(t, i, "%q", s)
	assert.NotContains(t, s, "\n::error::", "a forged line")
}

func TestSARIF(t *testing.T) {
	for name, p := range map[string]plan.Plan{"full": full(), "empty": {}, "hostile": hostile()} {
		t.Run(name, func(t *testing.T) {
			content, err := render.SARIF(p, "v1.2.3")
			require.NoError(t, err)
			golden(t, name+".sarif", content)
			validSARIF(t, content)
		})
	}
}

// validSARIF checks what the standard and GitHub's upload require.
//
// Spec: SARIF 2.1.0; "SARIF support for code scanning" of GitHub's manual.
func validSARIF(t *testing.T, content []byte) {
	t.Helper()
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID               string
						ShortDescription struct{ Text string }
					}
				}
			}
			Results *[]struct {
				RuleID    string
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
				PartialFingerprints map[string]string
			}
		}
	}
	require.NoError(t, json.Unmarshal(content, &log))
	assert.Equal(t, "2.1.0", log.Version)
	assert.Contains(t, log.Schema, "sarif-2.1.0.json")
	require.Len(t, log.Runs, 1)
	run := log.Runs[0]
	assert.Equal(t, "basekeeper", run.Tool.Driver.Name)
	rules := map[string]bool{}
	for _, r := range run.Tool.Driver.Rules {
		assert.NotEmpty(t, r.ShortDescription.Text)
		rules[r.ID] = true
	}
	require.NotNil(t, run.Results, "results must be there, and not null, where nothing was found")
	for _, r := range *run.Results {
		assert.Contains(t, rules, r.RuleID)
		assert.Contains(t, []string{"error", "warning", "note", "none"}, r.Level)
		assert.NotEmpty(t, r.Message.Text)
		harmless(t, r.Message.Text)
		assert.NotEmpty(t, r.PartialFingerprints)
		require.Len(t, r.Locations, 1)
		at := r.Locations[0].PhysicalLocation
		assert.Positive(t, at.Region.StartLine)
		assert.Regexp(t, `^[A-Za-z0-9._~/@+=,%-]+$`, at.ArtifactLocation.URI)
		assert.NotRegexp(t, `^/|^\w+:`, at.ArtifactLocation.URI, "it must be relative")
	}
}

func TestSARIFIsBounded(t *testing.T) {
	p := plan.Plan{Bumps: []plan.Bump{{Image: "debian", From: digest("1"), To: digest("2")}}}
	for i := range 6000 {
		p.Bumps[0].Edits = append(p.Bumps[0].Edits, edit("Dockerfile", i+1))
	}
	content, err := render.SARIF(p, "v1")
	require.NoError(t, err)
	assert.Equal(t, 5000, strings.Count(string(content), `"ruleId"`))
}

func TestFingerprintsStayWhenLinesMove(t *testing.T) {
	prints := func(line int) string {
		p := plan.Plan{Bumps: []plan.Bump{{Image: "debian", Tag: "12", From: digest("1"), To: digest("2"), Edits: []plan.Edit{edit("Dockerfile", line)}}}}
		content, err := render.SARIF(p, "v1")
		require.NoError(t, err)
		_, after, ok := strings.Cut(string(content), `"basekeeper/v1"`)
		require.True(t, ok)
		return after
	}
	assert.Equal(t, prints(1), prints(99))
}

func outcomes() []render.Outcome {
	return []render.Outcome{
		{Repository: ".", Changed: []string{"Dockerfile", "b/Dockerfile"}},
		{Repository: "app", Unchanged: []string{"Dockerfile"}},
		{Repository: "api", Error: "api: Dockerfile:1: planned to replace x but found y"},
		{Repository: evil, Changed: []string{evil}, Error: evil},
	}
}

func TestOutcomes(t *testing.T) {
	for name, o := range map[string][]render.Outcome{"full": outcomes(), "none": nil, "one": outcomes()[1:2]} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, render.Outcomes(&b, o))
			golden(t, "outcomes-"+name+".txt", b.Bytes())
			harmless(t, b.String())
			content, err := render.OutcomesJSON(full(), o)
			require.NoError(t, err)
			golden(t, "outcomes-"+name+".json", content)
			assert.NotContains(t, string(content), "null", "programs want lists")
			assert.NotContains(t, string(content), "\x1b")
		})
	}
}

func occurrences() ([]scan.Occurrence, []scan.Problem) {
	ref := image.Reference{Registry: "docker.io", Repository: "library/debian", Tag: "12", Digest: digest("1")}
	return []scan.Occurrence{
		{Repository: "app", Path: "Dockerfile", Use: dockerfile.Use{Kind: dockerfile.From, Ref: ref, Line: 1, Stage: "build", Platform: "linux/amd64", Editable: true}},
		{Repository: "app", Path: "Dockerfile", Use: dockerfile.Use{Kind: dockerfile.CopyFrom, Onbuild: true, Ref: ref.Tagged("13"), Line: 20, Reason: "not pinned by digest"}},
		{Repository: "app", Path: "Dockerfile", Use: dockerfile.Use{Kind: dockerfile.MountFrom, Line: 21, Reason: "needs a build argument"}},
		{Repository: ".", Path: evil, Use: dockerfile.Use{Kind: dockerfile.Syntax, Ref: ref, Platform: evil, Stage: evil, Line: 3, Reason: evil}},
	}, []scan.Problem{{Repository: "app", Path: "Dockerfile", Line: 4, Message: evil}, {Path: "x"}}
}

func TestUsesTable(t *testing.T) {
	var b bytes.Buffer
	table := render.NewUsesTable(&b)
	require.NoError(t, table.File(occurrences()))
	require.NoError(t, table.File(nil, nil))
	require.NoError(t, table.Close())
	golden(t, "uses.txt", b.Bytes())
	harmless(t, b.String())
}

func TestUsesJSON(t *testing.T) {
	var b bytes.Buffer
	uses, err := render.NewUsesJSON(&b)
	require.NoError(t, err)
	require.NoError(t, uses.File(occurrences()))
	require.NoError(t, uses.File(nil, nil))
	require.NoError(t, uses.Close())
	golden(t, "uses.json", b.Bytes())
	assert.NotContains(t, b.String(), "\x1b")

	var document struct {
		Version  int
		Uses     []map[string]any
		Problems []map[string]any
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &document))
	assert.Equal(t, 1, document.Version)
	require.Len(t, document.Uses, 4)
	keys := []string{"path", "line", "kind", "onbuild", "stage", "platform", "image", "tag", "digest", "editable", "reason"}
	for _, use := range document.Uses {
		assert.Len(t, use, len(keys))
		for _, key := range keys {
			assert.Contains(t, use, key)
		}
	}
	require.Len(t, document.Problems, 2)
	assert.Contains(t, document.Problems[0], "line")
}

func TestPlace(t *testing.T) {
	tests := []struct {
		repository, file string
		line             int
		want             string
	}{
		{"", "Dockerfile", 0, "Dockerfile"},
		{".", "Dockerfile", 3, "Dockerfile:3"},
		{"a/b", "c/Dockerfile", 3, "a/b/c/Dockerfile:3"},
		{"../up", "Dockerfile", 3, "../up/Dockerfile:3"},
		{".", "a\nb\x1b", 1, `a\u000ab\u001b:1`},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, render.Place(tt.repository, tt.file, tt.line))
	}
}

// full disk, closed pipe
type broken struct{}

var errBroken = errors.New("broken pipe")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteErrors(t *testing.T) {
	assert.ErrorIs(t, render.Plan(broken{}, full()), errBroken)
	assert.ErrorIs(t, render.Outcomes(broken{}, outcomes()), errBroken)
	_, err := render.NewUsesJSON(broken{})
	require.ErrorIs(t, err, errBroken)
	table := render.NewUsesTable(broken{})
	require.ErrorIs(t, table.File(occurrences()), errBroken)
	require.ErrorIs(t, table.Close(), errBroken)
}
