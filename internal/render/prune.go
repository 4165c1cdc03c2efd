package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// Pruned is what may be deleted of one repository in a registry, and what
// became of it.
type Pruned struct {
	Image    string              `json:"image"`
	Verdicts []retention.Verdict `json:"verdicts"`
	Adopted  int                 `json:"adopted"`           // tags whose time begins with this run
	Expired  []string            `json:"expired,omitempty"` // trash whose time is over
	Refused  string              `json:"refused,omitempty"` // why nothing may be deleted
	Problem  string              `json:"problem,omitempty"` // what could not be read
	Applied  bool                `json:"applied"`           // the plan was carried out, as far as Error and Left say
	Trash    []string            `json:"trash,omitempty"`   // tags under which what was deleted is kept
	Left     map[string]string   `json:"left,omitempty"`    // why a tag, or a digest without one, was not deleted after all
	Error    string              `json:"error,omitempty"`   // why it stopped
}

// shown are the verdicts that a person wants to see: basekeeper's own tags come
// and go by themselves.
func (p Pruned) shown() []retention.Verdict {
	return slices.DeleteFunc(slices.Clone(p.Verdicts), func(v retention.Verdict) bool { return v.Reason == retention.Own })
}

// deletions returns how many tags and untagged manifests were, or would be,
// deleted.
func (p Pruned) deletions() int {
	n := 0
	for _, v := range p.Verdicts {
		if !v.Keep && p.left(v) == "" {
			n++
		}
	}
	return n
}

// PruneTable writes a verdict for each tag, for people, and a line that sums
// it up.
func PruneTable(w io.Writer, all []Pruned) error {
	for _, p := range all {
		if _, err := fmt.Fprintln(w, Clean(p.Image)+":"); err != nil {
			return err
		}
		if err := table(w, "  ", pruneRows(p)); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, PruneSummary(all))
	return err
}

func pruneRows(p Pruned) [][]string {
	var rows [][]string
	for _, v := range p.shown() {
		rows = append(rows, []string{word(p, v), Clean(name(v)), v.Digest.Short(), Clean(cmp.Or(p.left(v), v.Text))})
	}
	for _, tag := range p.Expired {
		rows = append(rows, []string{word(p, retention.Verdict{}), Clean(tag), "", "trash: the time to restore it is over"})
	}
	for _, note := range []struct{ word, text string }{{"refused", p.Refused}, {"problem", p.Problem}, {"stopped", p.Error}} {
		if note.text != "" {
			rows = append(rows, []string{note.word, "", "", Clean(note.text)})
		}
	}
	if len(rows) == 0 {
		rows = append(rows, []string{"no tags"})
	}
	return rows
}

// left says why a verdict was not carried out; empty where it was.
func (p Pruned) left(v retention.Verdict) string {
	if v.Keep || !p.Applied {
		return ""
	}
	if v.Tag == "" {
		return p.Left[v.Digest.String()]
	}
	return p.Left[v.Tag]
}

// word says what was done about a verdict, or would be.
func word(p Pruned, v retention.Verdict) string {
	switch {
	case v.Keep:
		return "keep"
	case p.Refused != "":
		return "refused"
	case p.left(v) != "":
		return "left"
	case p.Applied:
		return "deleted"
	}
	return "delete"
}

func name(v retention.Verdict) string {
	if v.Tag == "" {
		return "(no tag)"
	}
	return v.Tag
}

// PruneSummary is one line about all repositories.
func PruneSummary(all []Pruned) string {
	deleted, tags, refused, failed, adopted := 0, 0, 0, 0, 0
	done := false
	for _, p := range all {
		tags += len(p.shown())
		adopted += p.Adopted
		done = done || p.Applied
		switch {
		case p.Problem != "" || p.Error != "":
			failed++
		case p.Refused != "":
			refused++
		default:
			deleted += p.deletions()
		}
	}
	verb := "to delete"
	if done {
		verb = "deleted"
	}
	parts := []string{fmt.Sprintf("%d of %s %s in %s", deleted, count(tags, "tag"), verb, count(len(all), "repository"))}
	if adopted > 0 {
		parts = append(parts, fmt.Sprintf("%d without a record, whose time begins now", adopted))
	}
	if refused > 0 {
		parts = append(parts, fmt.Sprintf("%d refused", refused))
	}
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", failed))
	}
	return strings.Join(parts, ", ") + "."
}

// PruneMarkdown is the table for a job's summary, of at most so many rows. All
// text is escaped.
func PruneMarkdown(all []Pruned, most int) string {
	var b strings.Builder
	b.WriteString("## basekeeper: prune\n\n" + Escape(PruneSummary(all)) + "\n")
	rows := 0
	for _, p := range all {
		fmt.Fprintf(&b, "\n### %s\n", Escape(p.Image))
		for _, text := range []string{p.Refused, p.Problem, p.Error} {
			if text != "" {
				b.WriteString("\n" + Escape(text) + "\n")
			}
		}
		b.WriteString("\n| | tag | digest | why |\n|---|---|---|---|\n")
		for _, v := range p.shown() {
			if rows++; rows > most {
				continue
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", word(p, v), Code(name(v)), Code(v.Digest.Short()), Escape(cmp.Or(p.left(v), v.Text)))
		}
	}
	if rows > most {
		fmt.Fprintf(&b, "\n%d of %d rows are in the log only.\n", rows-most, rows)
	}
	return b.String()
}

// Retired is what became of retiring one published tag.
type Retired struct {
	Image   string       `json:"image"`
	Tag     string       `json:"tag,omitempty"` // that the version has now; empty where it was not retired
	Digest  image.Digest `json:"digest,omitempty"`
	Done    bool         `json:"done"`              // something was written
	Planned bool         `json:"planned,omitempty"` // a dry run: something would be written
	By      string       `json:"by,omitempty"`
	Note    string       `json:"note,omitempty"`
	Error   string       `json:"error,omitempty"`
}

// RetiredTable writes what was retired, for people.
func RetiredTable(w io.Writer, all []Retired) error {
	rows := make([][]string, 0, len(all))
	for _, r := range all {
		rows = append(rows, []string{retiredWord(r), Clean(r.Image), retiredAs(r), r.Digest.Short(), Clean(cmp.Or(r.Error, r.Note))})
	}
	if len(rows) == 0 {
		rows = append(rows, []string{"Nothing to retire."})
	}
	return table(w, "", rows)
}

func retiredWord(r Retired) string {
	switch {
	case r.Error != "":
		return "failed"
	case r.Planned:
		return "to retire"
	case r.Tag == "":
		return "left"
	case r.Done:
		return "retired"
	}
	return "retired already"
}

func retiredAs(r Retired) string {
	if r.Tag == "" {
		return ""
	}
	return "as " + Clean(r.Tag)
}

// RetiredMarkdown is the table for a job's summary. All text is escaped.
func RetiredMarkdown(all []Retired) string {
	var b strings.Builder
	b.WriteString("### Retired images\n\n| | image | as | digest | |\n|---|---|---|---|---|\n")
	for _, r := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n",
			retiredWord(r), Code(r.Image), codeOrNothing(r.Tag), codeOrNothing(r.Digest.Short()), Escape(cmp.Or(r.Error, r.Note)))
	}
	return b.String()
}

func codeOrNothing(s string) string {
	if s == "" {
		return ""
	}
	return Code(s)
}
