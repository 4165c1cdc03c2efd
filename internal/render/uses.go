package render

import (
	"encoding/json"
	"fmt"
	"io"
	"path"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// Use is one line of scan's JSON; docs/dockerfile.md says what the fields mean.
type Use struct {
	Path     string          `json:"path"`
	Line     int             `json:"line"`
	Kind     dockerfile.Kind `json:"kind"`
	Onbuild  bool            `json:"onbuild"`
	Stage    string          `json:"stage"`
	Platform string          `json:"platform"`
	Image    string          `json:"image"`
	Tag      string          `json:"tag"`
	Digest   string          `json:"digest"`
	Editable bool            `json:"editable"`
	Reason   string          `json:"reason"`
}

// NewUse returns what scan prints of an occurrence.
func NewUse(o scan.Occurrence) Use {
	u := o.Use
	return Use{
		Path: joined(o.Repository, o.Path), Line: u.Line, Kind: u.Kind, Onbuild: u.Onbuild, Stage: u.Stage, Platform: u.Platform,
		Image: u.Ref.Name(), Tag: u.Ref.Tag, Digest: string(u.Ref.Digest), Editable: u.Editable, Reason: u.Reason,
	}
}

func joined(repository, file string) string {
	if repository == "" || repository == "." {
		return file
	}
	return path.Join(repository, file)
}

// UsesJSON writes scan's JSON while the scan is still going on, so that a large
// tree is never held whole.
type UsesJSON struct {
	w        io.Writer
	n        int
	problems []problem
}

type problem struct {
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// NewUsesJSON starts the document.
func NewUsesJSON(w io.Writer) (*UsesJSON, error) {
	_, err := io.WriteString(w, `{"version":1,"uses":[`)
	return &UsesJSON{w: w, problems: []problem{}}, err
}

// File writes one file's uses and keeps its problems for the end.
func (j *UsesJSON) File(occurrences []scan.Occurrence, problems []scan.Problem) error {
	for _, o := range occurrences {
		content, err := json.Marshal(NewUse(o))
		if err != nil {
			return fmt.Errorf("encode use: %w", err)
		}
		separator := ",\n"
		if j.n == 0 {
			separator = "\n"
		}
		j.n++
		if _, err := fmt.Fprintf(j.w, "%s%s", separator, content); err != nil {
			return err
		}
	}
	for _, p := range problems {
		j.problems = append(j.problems, problem{Path: joined(p.Repository, p.Path), Line: p.Line, Message: p.Message})
	}
	return nil
}

// Close ends the document.
func (j *UsesJSON) Close() error {
	content, err := json.Marshal(j.problems)
	if err != nil {
		return fmt.Errorf("encode problems: %w", err)
	}
	_, err = fmt.Fprintf(j.w, "\n],\"problems\":%s}\n", content)
	return err
}

// UsesTable writes the uses for people. Columns are lined up for each file, so
// that a large tree is never held whole.
type UsesTable struct {
	w              io.Writer
	uses, problems int
	files          int
}

// NewUsesTable starts the table.
func NewUsesTable(w io.Writer) *UsesTable { return &UsesTable{w: w} }

// File writes one file's uses and problems.
func (t *UsesTable) File(occurrences []scan.Occurrence, problems []scan.Problem) error {
	t.files++
	t.uses += len(occurrences)
	t.problems += len(problems)
	var rows [][]string
	for _, o := range occurrences {
		ref := o.Use.Ref.Familiar()
		if o.Use.Ref.Digest != "" {
			ref += "@" + o.Use.Ref.Digest.Short()
		}
		if ref == "" {
			ref = "?"
		}
		kind := string(o.Use.Kind)
		if o.Use.Onbuild {
			kind += " (onbuild)"
		}
		rows = append(rows, []string{Place(o.Repository, o.Path, o.Use.Line), kind, Clean(ref), Clean(o.Use.Reason)})
	}
	for _, p := range problems {
		rows = append(rows, []string{Place(p.Repository, p.Path, p.Line), "problem", Clean(p.Message)})
	}
	return table(t.w, "", rows)
}

// Close writes the sum.
func (t *UsesTable) Close() error {
	_, err := fmt.Fprintf(t.w, "\n%s in %s, %s.\n", count(t.uses, "use"), count(t.files, "file"), count(t.problems, "problem"))
	return err
}
