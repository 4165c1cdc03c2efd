package render

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// Pulled is what became of one pull request of a plan.
type Pulled struct {
	Pull     plan.Pull `json:"pull"`
	Done     bool      `json:"done"` // its step was carried out
	Lost     string    `json:"lost,omitempty"`
	Signed   bool      `json:"signed,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// steps are the words for steps, as intended and as carried out.
var steps = map[plan.Step][2]string{
	plan.Create: {"to open", "opened"},
	plan.Update: {"to move on", "moved on"},
	plan.Finish: {"to finish", "finished"},
	plan.Keep:   {"as it should be", "as it should be"},
	plan.Close:  {"to close", "closed"},
	plan.Note:   {"to note", "noted"},
	plan.Leave:  {"left", "left"},
}

// PulledTable writes what became of the pull requests, for people, in the
// forge's words.
func PulledTable(w io.Writer, f forge.Flavor, all []Pulled) error {
	var rows [][]string
	counts := map[string]int{}
	for _, p := range all {
		word := pulledWord(p)
		counts[word]++
		rows = append(rows, pulledRow(word, p))
		for _, warning := range p.Warnings {
			rows = append(rows, []string{"", "", "", "warning: " + Clean(warning)})
		}
	}
	if err := table(w, "", rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, pulledSummary(f, counts))
	return err
}

func pulledWord(p Pulled) string {
	switch {
	case p.Error != "":
		return "failed"
	case p.Lost != "":
		return "left"
	case p.Done || !p.Pull.Step.Writes():
		return steps[p.Pull.Step][1]
	}
	return steps[p.Pull.Step][0]
}

func pulledRow(word string, p Pulled) []string {
	text := p.Pull.Title
	switch {
	case p.Error != "":
		text = p.Error
	case p.Lost != "":
		text = p.Lost
	case p.Pull.Reason != "" && p.Pull.Step != plan.Update:
		text = p.Pull.Reason
	}
	place := p.Pull.URL
	if place == "" {
		place = p.Pull.Branch
	}
	return []string{word, Clean(p.Pull.Repository), Clean(place), Clean(text)}
}

func pulledSummary(f forge.Flavor, counts map[string]int) string {
	var parts []string
	for _, word := range []string{"opened", "moved on", "finished", "closed", "noted", "as it should be", "left", "failed", "to open", "to move on", "to finish", "to close", "to note"} {
		if n := counts[word]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	if len(parts) == 0 {
		return "No " + f.Noun() + " is needed."
	}
	return plural(f) + ": " + strings.Join(parts, ", ") + "."
}

// plural is what the forge calls pull requests, as a heading.
func plural(f forge.Flavor) string {
	noun := f.Noun()
	return strings.ToUpper(noun[:1]) + noun[1:] + "s"
}

// pullRows lists the pull requests of a plan.
func pullRows(p plan.Plan) [][]string {
	var rows [][]string
	for _, q := range p.Pulls {
		if q.Step == plan.Keep {
			continue
		}
		one := Pulled{Pull: q}
		rows = append(rows, pulledRow(pulledWord(one), one))
	}
	return rows
}

func skipRows(p plan.Plan) [][]string {
	var rows [][]string
	for _, s := range p.Skips {
		rows = append(rows, []string{Clean(s.Repository), Clean(s.Reason)})
	}
	return rows
}

// PulledJSON writes the plan and what became of its pull requests, for
// programs.
func PulledJSON(p plan.Plan, all []Pulled) ([]byte, error) {
	if all == nil {
		all = []Pulled{}
	}
	content, err := json.MarshalIndent(struct {
		Version  int       `json:"version"`
		Plan     plan.Plan `json:"plan"`
		Outcomes []Pulled  `json:"outcomes"`
	}{1, p, all}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode outcomes: %w", err)
	}
	return append(content, '\n'), nil
}
