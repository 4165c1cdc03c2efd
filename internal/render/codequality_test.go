package render_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/scan"
)

type qualityIssue struct {
	Description string `json:"description"`
	CheckName   string `json:"check_name"`
	Fingerprint string `json:"fingerprint"`
	Severity    string `json:"severity"`
	Location    struct {
		Path  string `json:"path"`
		Lines struct {
			Begin int `json:"begin"`
		} `json:"lines"`
	} `json:"location"`
}

// quality returns the issues of a report, which is checked against what GitLab
// asks of one.
//
// Spec: "Code Quality report format" of GitLab's manual.
func quality(t *testing.T, p plan.Plan) []qualityIssue {
	t.Helper()
	content, err := render.CodeQuality(p)
	require.NoError(t, err)
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	decoder.DisallowUnknownFields()
	var all []qualityIssue
	require.NoError(t, decoder.Decode(&all))
	require.NotNil(t, all, "an array, also where nothing was found")
	known := map[string]bool{}
	for _, issue := range all {
		assert.NotEmpty(t, issue.Description)
		harmless(t, issue.Description)
		harmless(t, issue.Location.Path)
		assert.Contains(t, []string{"stale-digest", "gone-digest", "stale-not-bumped", "unreadable"}, issue.CheckName)
		assert.Contains(t, []string{"info", "minor", "major", "critical", "blocker"}, issue.Severity)
		assert.Regexp(t, `^[0-9a-f]{64}$`, issue.Fingerprint)
		assert.False(t, known[issue.Fingerprint], "GitLab shows each fingerprint once")
		known[issue.Fingerprint] = true
		assert.Positive(t, issue.Location.Lines.Begin)
		assert.NotEmpty(t, issue.Location.Path)
		assert.NotRegexp(t, `^/|^\./|(^|/)\.\.(/|$)|\\u000a`, strings.ReplaceAll(issue.Location.Path, evilPath, "x"))
	}
	return all
}

// evilPath is evil as it is shown.
const evilPath = `a\u001b[2J\u000d\u000a::error::forged\u202egnp.\u2066x\u200bz\u2028y\u0000\ufffd\ufffd`

func TestCodeQuality(t *testing.T) {
	for name, p := range map[string]plan.Plan{"full": full(), "empty": {}, "hostile": hostile()} {
		t.Run(name, func(t *testing.T) {
			content, err := render.CodeQuality(p)
			require.NoError(t, err)
			golden(t, "codequality-"+name+".json", content)
			all := quality(t, p)

			log, err := render.SARIF(p, "v1")
			require.NoError(t, err)
			assert.Len(t, all, strings.Count(string(log), `"ruleId"`), "what SARIF has, no more and no less")
		})
	}
	content, err := render.CodeQuality(plan.Plan{})
	require.NoError(t, err)
	assert.Equal(t, "[]\n", string(content))
	silent := plan.Plan{Problems: []scan.Problem{{Path: "Dockerfile"}}}
	assert.Equal(t, "BuildKit refuses the file.", quality(t, silent)[0].Description)
}

func TestCodeQualitySeverities(t *testing.T) {
	got := map[string]string{}
	for _, issue := range quality(t, full()) {
		got[issue.CheckName] = issue.Severity
	}
	assert.Equal(t, map[string]string{"gone-digest": "critical", "stale-digest": "major", "stale-not-bumped": "major", "unreadable": "critical"}, got)
}

// staleAt is a plan with stale pins at lines of one file.
func staleAt(from, to string, lines ...int) plan.Plan {
	b := plan.Bump{Image: "debian", Tag: "12", From: digest(from), To: digest(to)}
	for _, line := range lines {
		b.Edits = append(b.Edits, edit("Dockerfile", line))
	}
	return plan.Plan{Bumps: []plan.Bump{b}}
}

func TestCodeQualityFingerprints(t *testing.T) {
	prints := func(p plan.Plan) []string {
		var all []string
		for _, issue := range quality(t, p) {
			all = append(all, issue.Fingerprint)
		}
		return all
	}
	two := prints(staleAt("1", "2", 1, 7))
	assert.Equal(t, two, prints(staleAt("1", "2", 30, 99)), "lines move")
	assert.Equal(t, two, prints(staleAt("1", "3", 1, 7)), "the tag moves on once more: the file is as it was")
	assert.Equal(t, two[:1], prints(staleAt("1", "2", 7)), "one was mended")

	another := staleAt("1", "2", 1)
	another.Bumps[0].Edits[0].Path = "b/Dockerfile"
	image := staleAt("1", "2", 1)
	image.Bumps[0].Tag = "13"
	gone := staleAt("1", "2", 1)
	gone.Bumps[0].Gone = true
	all := slices.Concat(two[:1], prints(staleAt("4", "2", 1)), prints(another), prints(image), prints(gone))
	slices.Sort(all)
	assert.Len(t, slices.Compact(all), 5, "another digest, file, tag or rule is another")
}

func TestCodeQualityStaysInTheRepository(t *testing.T) {
	p := staleAt("1", "2", 0)
	p.Bumps[0].Edits[0].Path = "../../etc/passwd"
	all := quality(t, p)
	require.Len(t, all, 1)
	assert.Equal(t, "etc/passwd", all[0].Location.Path)
	assert.Equal(t, 1, all[0].Location.Lines.Begin)
}

func TestCodeQualityIsBounded(t *testing.T) {
	var lines []int
	for i := range 6000 {
		lines = append(lines, i+1)
	}
	content, err := render.CodeQuality(staleAt("1", "2", lines...))
	require.NoError(t, err)
	assert.Equal(t, 5000, strings.Count(string(content), `"check_name"`))
}
