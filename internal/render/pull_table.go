package render

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// column is a column of the table of moves; it is left out where no row has
// anything in it.
type column struct {
	title string
	cell  func(c Change) string
}

var columns = []column{
	{"image", func(c Change) string { return Code(c.Ref().Familiar()) }},
	{"digest", digestCell},
	{"version", versionCell},
	{"created", createdCell},
	{"size", sizeCell},
	{"platforms", platformsCell},
}

// writeMoves writes the table of what moved.
func writeMoves(b *strings.Builder, changes []Change) {
	shown := slices.DeleteFunc(slices.Clone(columns), func(col column) bool {
		return !slices.ContainsFunc(changes, func(c Change) bool { return col.cell(c) != "" })
	})
	head, rule := "|", "|"
	for _, col := range shown {
		head += " " + col.title + " |"
		rule += "---|"
	}
	rows := make([]string, 0, len(changes))
	for _, c := range changes {
		row := "|"
		for _, col := range shown {
			row += " " + col.cell(c) + " |"
		}
		rows = append(rows, row)
	}
	if len(shown) == 0 {
		return
	}
	b.WriteString(head + "\n" + rule + "\n")
	lines(b, mostTable, rows, "\nand %d more")
	b.WriteString("\n")
}

func digestCell(c Change) string {
	if c.From == "" {
		return "not pinned → " + Code(c.To.Short())
	}
	return Code(c.From.Short()) + " → " + Code(c.To.Short())
}

func versionCell(c Change) string {
	before, after := "", c.details().Version
	if c.Old != nil {
		before = c.Old.Version
	}
	switch {
	case after == "":
		return ""
	case before == "" || before == after:
		return Code(after)
	}
	return Code(before) + " → " + Code(after)
}

// details of the new image, never nil.
func (c Change) details() image.Details {
	if c.New == nil {
		return image.Details{}
	}
	return *c.New
}

func createdCell(c Change) string {
	created := c.details().Created
	if created.IsZero() {
		return ""
	}
	text := date(created)
	if c.Old == nil || c.Old.Created.IsZero() {
		return text
	}
	text = date(c.Old.Created) + " → " + text
	switch age := created.Sub(c.Old.Created); {
	case age > 0:
		text += ", " + span(age) + " newer"
	case age < 0:
		text += ", " + span(-age) + " older"
	}
	return text
}

// date is of the years that people write in four digits; an image can claim
// any.
func date(t time.Time) string {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return "unknown"
	}
	return t.UTC().Format(time.DateOnly)
}

// span writes a duration in the unit that suits it.
func span(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return count(int(d/(24*time.Hour)), "day")
	case d >= time.Hour:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/time.Minute), "minute")
}

func sizeCell(c Change) string {
	after := c.details()
	if after.Size <= 0 {
		return ""
	}
	text := bytesText(after.Size)
	if c.Old != nil && c.Old.Size > 0 {
		switch delta := after.Size - c.Old.Size; {
		case delta > 0:
			text += " (+" + bytesText(delta) + ")"
		case delta < 0:
			text += " (−" + bytesText(-delta) + ")"
		default:
			text += " (the same)"
		}
	}
	if after.SizePlatform != (image.Platform{}) {
		text += " for " + Code(after.SizePlatform.String())
	}
	return text
}

// bytesText writes a size in decimal units, as registries do.
func bytesText(n int64) string {
	const k = 1000
	if n < k {
		return count(int(n), "byte")
	}
	value, unit := float64(n)/k, 0
	for value >= 999.95 && unit < len(units)-1 {
		value /= k
		unit++
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}

var units = []string{"kB", "MB", "GB", "TB", "PB", "EB"}

// platformsCell says which platforms came and went; all that there are now,
// where it is not known which there were.
func platformsCell(c Change) string {
	after := c.details().Platforms
	var parts []string
	if c.Old == nil || len(c.Old.Platforms) == 0 || len(after) == 0 {
		for _, p := range missing(after, nil) {
			parts = append(parts, Code(p))
		}
		return strings.Join(bounded(parts, 6), " ")
	}
	for _, p := range missing(after, c.Old.Platforms) {
		parts = append(parts, "+"+Code(p))
	}
	for _, p := range missing(c.Old.Platforms, after) {
		parts = append(parts, "−"+Code(p))
	}
	if len(parts) == 0 {
		return "the same"
	}
	return strings.Join(bounded(parts, 8), " ")
}

// bounded cuts a list off after so many, and says how many more there are.
func bounded(parts []string, most int) []string {
	if len(parts) <= most {
		return parts
	}
	return append(parts[:most:most], fmt.Sprintf("and %d more", len(parts)-most))
}

// missing returns those of all that others lack.
func missing(all, others []image.Platform) []string {
	var names []string
	for _, p := range all {
		if !slices.ContainsFunc(others, p.Matches) && !slices.Contains(names, p.String()) {
			names = append(names, p.String())
		}
	}
	return names
}
