package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// Plan writes what a plan changes, what it holds and why, and a line that sums
// it up.
func Plan(w io.Writer, p plan.Plan) error {
	sections := []struct {
		title string
		rows  [][]string
	}{
		{"Stale, can be bumped", bumpRows(p)},
		{"Left alone", holdRows(p, func(h plan.Hold) bool { return !quiet(h.Code) })},
		{plural(p.Flavor), pullRows(p)},
		{"Could not be read", problemRows(p)},
		{"Repositories that were not looked at", skipRows(p)},
	}
	for _, s := range sections {
		if len(s.rows) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s:\n", s.title); err != nil {
			return err
		}
		if err := table(w, "  ", s.rows); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, Summary(p))
	return err
}

// quiet reports whether holds of this class are counted in the summary but
// not listed: nobody has to do anything about them.
func quiet(c plan.Code) bool { return c == plan.Unpinned || c == plan.Unknowable }

func bumpRows(p plan.Plan) [][]string {
	var rows [][]string
	for _, b := range p.Bumps {
		from := "not pinned"
		if b.From != "" {
			from = b.From.Short()
		}
		note := Clean(b.Note)
		for _, e := range b.Edits {
			rows = append(rows, []string{Place(b.Repository, e.Path, e.Line), Clean(b.Ref().Familiar()), from + " → " + b.To.Short(), note})
		}
	}
	return rows
}

func holdRows(p plan.Plan, show func(plan.Hold) bool) [][]string {
	var rows [][]string
	for _, h := range p.Holds {
		if !show(h) {
			continue
		}
		move := h.Digest.Short()
		if h.Current != "" && h.Digest != "" {
			move += " → " + h.Current.Short()
		}
		reason := Clean(h.Reason)
		if h.Gone {
			reason = "GONE from the registry; " + reason
		}
		rows = append(rows, []string{Place(h.Repository, h.Path, h.Line), Clean(holdName(h)), move, reason})
	}
	return rows
}

func holdName(h plan.Hold) string {
	if ref, err := image.ParseReference(h.Image); err == nil {
		return ref.Tagged(h.Tag).Familiar()
	}
	return "?"
}

func problemRows(p plan.Plan) [][]string {
	var rows [][]string
	for _, problem := range p.Problems {
		rows = append(rows, []string{Place(problem.Repository, problem.Path, problem.Line), Clean(problem.Message)})
	}
	return rows
}

// Summary is one line about the whole plan.
func Summary(p plan.Plan) string {
	edits, files, repositories := 0, map[string]bool{}, map[string]bool{}
	for _, b := range p.Bumps {
		edits += len(b.Edits)
		repositories[b.Repository] = true
		for _, e := range b.Edits {
			files[b.Repository+"\x00"+e.Path] = true
		}
	}
	unpinned, held, trouble := 0, 0, 0
	for _, h := range p.Holds {
		switch {
		case h.Code.Trouble():
			trouble++
		case quiet(h.Code):
			unpinned++
		default:
			held++
		}
	}
	parts := []string{count(p.Current, "reference") + " up to date"}
	if edits > 0 {
		parts = append([]string{fmt.Sprintf("%s to bump in %s of %s", count(edits, "digest"), count(len(files), "file"), count(len(repositories), "repository"))}, parts...)
	}
	for _, extra := range []struct {
		n    int
		text string
	}{{held, "held"}, {unpinned, "not pinned"}, {trouble, "unknown because a registry failed"}} {
		if extra.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", extra.n, extra.text))
		}
	}
	if n := len(p.Problems); n > 0 {
		parts = append(parts, count(n, "file")+" could not be read")
	}
	if len(parts) == 1 && p.Current == 0 {
		return "No Dockerfile uses an image here."
	}
	return strings.Join(parts, ", ") + "."
}
