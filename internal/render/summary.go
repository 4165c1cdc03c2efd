package render

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// Report is all that a job's summary is made from.
type Report struct {
	Plan     plan.Plan
	Pulled   []Pulled   // what became of the plan's pull requests
	Requests []Requests // by host
	Notes    []string   // what else is to be known of the run
}

// Requests is how often a host was asked.
type Requests struct {
	Host  string
	Count int
}

// Bytes that the tables of a summary may have, together less than the 1 MiB
// that GitHub takes.
const mostSummaryTable = 140_000

// JobSummary writes what a run has found and done as Markdown, less than 1 MiB
// of it.
func JobSummary(r Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## basekeeper\n\n%s\n\n", Escape(Summary(r.Plan)))
	notes := make([]string, 0, len(r.Notes))
	for _, n := range r.Notes {
		notes = append(notes, "* "+EscapeFor(r.Plan.Flavor, n))
	}
	if len(notes) > 0 {
		lines(&b, mostSummaryTable, notes, "* and %d more")
		b.WriteString("\n")
	}
	summaryTable(&b, plural(r.Plan.Flavor), []string{"repository", r.Plan.Flavor.Noun(), "what", "why"}, markdownPulls(r.Plan.Flavor, r.Pulled))
	summaryTable(&b, "Stale, can be bumped", []string{"place", "image", "digest", "note"}, markdownBumps(r.Plan))
	summaryTable(&b, "Left alone", []string{"place", "image", "digest", "why"}, markdownHolds(r.Plan))
	summaryTable(&b, "Could not be read", []string{"place", "why"}, markdownProblems(r.Plan))
	summaryTable(&b, "Not looked at", []string{"repository", "why"}, markdownSkips(r.Plan))
	var rows [][]string
	for _, q := range r.Requests {
		rows = append(rows, []string{Code(q.Host), fmt.Sprint(q.Count)})
	}
	summaryTable(&b, "Requests", []string{"host", "requests"}, rows)
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// summaryTable writes a table, if it has rows.
func summaryTable(b *strings.Builder, title string, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "### %s\n\n| %s |\n|%s\n", title, strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	all := make([]string, 0, len(rows))
	for _, row := range rows {
		all = append(all, "| "+strings.Join(row, " | ")+" |")
	}
	lines(b, mostSummaryTable, all, "\nand %d more")
	b.WriteString("\n")
}

func markdownPulls(f forge.Flavor, pulled []Pulled) [][]string {
	rows := make([][]string, 0, len(pulled))
	for _, p := range pulled {
		word, why := pulledWord(p), EscapeFor(f, p.Pull.Reason)
		switch {
		case p.Error != "":
			word, why = "**failed**", EscapeFor(f, p.Error)
		case p.Lost != "":
			why = EscapeFor(f, p.Lost)
		}
		for _, warning := range p.Warnings[:min(3, len(p.Warnings))] {
			why += " warning: " + EscapeFor(f, warning)
		}
		rows = append(rows, []string{Code(p.Pull.Repository), pullLink(f, p), word, strings.TrimSpace(why)})
	}
	return rows
}

// pullLink names a pull request, as a link where the forge gave a good one.
func pullLink(f forge.Flavor, p Pulled) string {
	text := p.Pull.Title
	if text == "" {
		text = p.Pull.Branch
	}
	if p.Pull.Number > 0 {
		text = f.Number(p.Pull.Number) + " " + text
	}
	u, err := url.Parse(p.Pull.URL)
	if err != nil || !webAddress(u) {
		return Code(text)
	}
	return fmt.Sprintf("[%s](<%s>)", Code(text), u)
}

// webAddress reports whether u is a plain address of a page, of a kind that
// Markdown takes as it is.
func webAddress(u *url.URL) bool {
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1"
	if u.Scheme != "https" && (u.Scheme != "http" || !local) || u.Host == "" || u.User != nil || len(u.String()) > 1000 {
		return false
	}
	return !strings.ContainsFunc(u.String(), func(c rune) bool {
		return !letterOrDigit(c) && !strings.ContainsRune("-._~:/?#@!$&'()*+,;=%", c)
	})
}

func markdownBumps(p plan.Plan) [][]string {
	var rows [][]string
	for _, b := range p.Bumps {
		note := EscapeFor(p.Flavor, b.Note)
		if b.Gone {
			note = "**gone from the registry**"
		}
		for _, e := range b.Edits {
			rows = append(rows, []string{Code(Place(b.Repository, e.Path, e.Line)), Code(b.Ref().Familiar()), digestCell(Change{Bump: b}), note})
		}
	}
	return rows
}

func markdownHolds(p plan.Plan) [][]string {
	var rows [][]string
	for _, h := range p.Holds {
		if quiet(h.Code) {
			continue
		}
		digest := ""
		if h.Digest != "" {
			digest = Code(h.Digest.Short())
			if h.Current != "" {
				digest += " → " + Code(h.Current.Short())
			}
		}
		reason := EscapeFor(p.Flavor, h.Reason)
		if h.Gone {
			reason = "**gone from the registry**; " + reason
		}
		rows = append(rows, []string{Code(Place(h.Repository, h.Path, h.Line)), Code(holdName(h)), digest, reason})
	}
	return rows
}

func markdownProblems(p plan.Plan) [][]string {
	rows := make([][]string, 0, len(p.Problems))
	for _, q := range p.Problems {
		rows = append(rows, []string{Code(Place(q.Repository, q.Path, q.Line)), EscapeFor(p.Flavor, q.Message)})
	}
	return rows
}

func markdownSkips(p plan.Plan) [][]string {
	rows := make([][]string, 0, len(p.Skips))
	for _, s := range p.Skips {
		why := EscapeFor(p.Flavor, s.Reason)
		if s.Failed {
			why = "**failed**: " + why
		}
		rows = append(rows, []string{Code(s.Repository), why})
	}
	return rows
}

// SortRequests puts the hosts that were asked most often first.
func SortRequests(all []Requests) {
	slices.SortStableFunc(all, func(a, b Requests) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Host, b.Host)
	})
}
