package render

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/basekeeper/basekeeper/internal/plan"
)

// Outcome is what became of one repository's part of a plan.
type Outcome struct {
	Repository string   `json:"repository"`
	Changed    []string `json:"changed"`         // paths that were written
	Unchanged  []string `json:"unchanged"`       // paths that had the new content already
	Error      string   `json:"error,omitempty"` // why nothing was written; it names the repository
}

// Outcomes writes which files changed, for people.
func Outcomes(w io.Writer, outcomes []Outcome) error {
	changed, unchanged, failed := 0, 0, 0
	for _, o := range outcomes {
		for _, path := range o.Changed {
			if _, err := fmt.Fprintln(w, "changed "+Place(o.Repository, path, 0)); err != nil {
				return err
			}
		}
		changed += len(o.Changed)
		unchanged += len(o.Unchanged)
		if o.Error != "" {
			failed++
			if _, err := fmt.Fprintln(w, "refused "+Clean(o.Error)); err != nil {
				return err
			}
		}
	}
	text := count(changed, "file") + " changed"
	if changed == 0 {
		text = "Nothing to change"
	}
	if unchanged > 0 {
		text += ", " + count(unchanged, "file") + " already up to date"
	}
	if failed > 0 {
		text += ", " + count(failed, "repository") + " refused"
	}
	_, err := fmt.Fprintln(w, text+".")
	return err
}

// OutcomesJSON writes the plan and what became of it, for programs.
func OutcomesJSON(p plan.Plan, outcomes []Outcome) ([]byte, error) {
	if outcomes == nil {
		outcomes = []Outcome{}
	}
	for i := range outcomes {
		if outcomes[i].Changed == nil {
			outcomes[i].Changed = []string{}
		}
		if outcomes[i].Unchanged == nil {
			outcomes[i].Unchanged = []string{}
		}
	}
	content, err := json.MarshalIndent(struct {
		Version  int       `json:"version"`
		Plan     plan.Plan `json:"plan"`
		Outcomes []Outcome `json:"outcomes"`
	}{1, p, outcomes}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode outcomes: %w", err)
	}
	return append(content, '\n'), nil
}
