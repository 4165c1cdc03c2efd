package render

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/basekeeper/basekeeper/internal/plan"
)

// SARIF's vocabulary, as far as it is used here. Writing these few structures
// costs less than the libraries for them, which bring a JSON schema validator.
//
// Spec: SARIF 2.1.0, OASIS Standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
		HelpURI          string    `json:"helpUri"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID              string            `json:"ruleId"`
		Level               string            `json:"level"`
		Message             sarifText         `json:"message"`
		Locations           []sarifLocation   `json:"locations"`
		PartialFingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

const (
	home       = "https://github.com/basekeeper/basekeeper"
	maxResults = 5000 // that GitHub shows of a run
)

var sarifRules = []sarifRule{
	{"stale-digest", sarifText{"The tag has moved on from the pinned digest."}, home + "/blob/main/docs/dockerfile.md"},
	{"gone-digest", sarifText{"The registry no longer has the pinned digest: builds fail."}, home + "/blob/main/docs/dockerfile.md"},
	{"stale-not-bumped", sarifText{"The tag has moved on, and the reference cannot be bumped as it stands."}, home + "/blob/main/docs/dockerfile.md"},
	{"unreadable", sarifText{"BuildKit refuses the file."}, home + "/blob/main/docs/dockerfile.md"},
}

// SARIF writes what is stale as a SARIF log, for GitHub's code scanning and
// for editors. What nobody has to do anything about is not in it.
func SARIF(p plan.Plan, version string) ([]byte, error) {
	results := []sarifResult{}
	for _, f := range findings(p) {
		results = append(results, f.result())
	}
	results = results[:min(len(results), maxResults)]
	content, err := json.MarshalIndent(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs: []sarifRun{{
			Tool:    sarifTool{sarifDriver{Name: "basekeeper", Version: version, InformationURI: home, Rules: sarifRules}},
			Results: results,
		}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode SARIF: %w", err)
	}
	return append(content, '\n'), nil
}

// result makes one result. Its fingerprint is what it is about rather than
// where, so that an alert stays the same when lines move.
func (f finding) result() sarifResult {
	uri := joined(f.repository, f.path)
	return sarifResult{
		RuleID: f.rule, Level: string(f.level), Message: sarifText{Clean(f.text)},
		Locations: []sarifLocation{{sarifPhysical{sarifArtifact{escapeURI(uri)}, sarifRegion{max(1, f.line)}}}},
		PartialFingerprints: map[string]string{
			"basekeeper/v1": strings.Join([]string{f.rule, path.Clean(uri), f.about}, "|"),
		},
	}
}

// escapeURI writes a path as a relative URI reference (RFC 3986).
func escapeURI(p string) string {
	var b strings.Builder
	for i := range len(p) {
		c := p[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~/@+=,", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
