package render

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/plan"
)

// The words of a Code Quality report, as far as GitLab reads them.
//
// Spec: "Code Quality report format" of GitLab's manual.
type (
	qualityIssue struct {
		Description string          `json:"description"`
		CheckName   string          `json:"check_name"`
		Fingerprint string          `json:"fingerprint"`
		Severity    string          `json:"severity"`
		Location    qualityLocation `json:"location"`
	}
	qualityLocation struct {
		Path  string       `json:"path"`
		Lines qualityLines `json:"lines"`
	}
	qualityLines struct {
		Begin int `json:"begin"`
	}
)

// severities are GitLab's words, of which info and minor are for less than what
// is found here: what a SARIF log calls a warning is a stale pin, an error
// breaks builds.
var severities = map[Level]string{Error: "critical", Warning: "major"}

// CodeQuality writes what is stale as a Code Quality report, which GitLab shows
// in merge requests (artifacts:reports:codequality). It is a JSON array with
// what [SARIF] has in it, at most 5,000 of them; where nothing was found it is
// empty.
//
// A fingerprint is made of the rule, the file, and the image and digest that
// the file names: it stays when lines move and when the tag moves on once more,
// so that a merge request is not told what its target branch has too. What is
// found of the same kind in one file is numbered, since GitLab shows each
// fingerprint once.
func CodeQuality(p plan.Plan) ([]byte, error) {
	issues := []qualityIssue{}
	before := map[string]int{}
	for _, f := range findings(p) {
		if len(issues) == maxResults {
			break
		}
		issue := f.issue()
		key := strings.Join([]string{f.rule, issue.Location.Path, f.image, f.pinned}, "\x00")
		issue.Fingerprint = fingerprint(key, before[key])
		before[key]++
		issues = append(issues, issue)
	}
	content, err := json.MarshalIndent(issues, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode Code Quality report: %w", err)
	}
	return append(content, '\n'), nil
}

// issue is f without its fingerprint. Its path cannot leave the repository.
func (f finding) issue() qualityIssue {
	file := strings.TrimPrefix(path.Clean("/"+joined(f.repository, f.path)), "/")
	description := f.text
	if f.rule == "gone-digest" || f.text == "" { // no rule's text stands beside it, as in a SARIF log
		description = strings.TrimSpace(ruleText(f.rule) + " " + f.text)
	}
	return qualityIssue{
		Description: Clean(description), CheckName: f.rule, Severity: severities[f.level],
		Location: qualityLocation{Path: Clean(file), Lines: qualityLines{max(1, f.line)}},
	}
}

// ruleText says what a rule is about.
func ruleText(id string) string {
	i := slices.IndexFunc(sarifRules, func(r sarifRule) bool { return r.ID == id })
	return sarifRules[i].ShortDescription.Text
}

// fingerprint names the n-th of those with the same key.
func fingerprint(key string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, n))
	return hex.EncodeToString(sum[:])
}
