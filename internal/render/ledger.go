package render

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// Ledger writes what a ledger remembers, for people.
func Ledger(w io.Writer, l ledger.Ledger) error {
	var records, sights, numbers [][]string
	for _, r := range l.Records {
		from := "found without a record"
		if r.From != "" {
			from = "from " + Clean(r.From)
		}
		records = append(records, []string{Clean(r.Tag), r.Digest.Short(), moment(r.At), from, Clean(r.By)})
	}
	for _, tag := range slices.Sorted(maps.Keys(l.Sights)) {
		for _, s := range l.Sights[tag] {
			sights = append(sights, []string{Clean(tag), s.Digest.Short(), "since " + moment(s.At)})
		}
	}
	for _, t := range slices.Sorted(maps.Keys(l.Numbers)) {
		numbers = append(numbers, []string{Clean(t), fmt.Sprintf("%d was used", l.Numbers[t])})
	}
	for _, s := range []struct {
		title string
		rows  [][]string
	}{{"Retired", records}, {"Published", sights}, {"Numbers", numbers}} {
		if len(s.rows) == 0 {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s:\n", s.title); err != nil {
			return err
		}
		if err := table(w, "  ", s.rows); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s.\n", count(len(l.Records), "record"))
	return err
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// Restored is what became of one tag that was to be restored, or of a manifest
// without one.
type Restored struct {
	Tag    string       `json:"tag,omitempty"`
	Digest image.Digest `json:"digest"`
	Put    bool         `json:"put"` // it was put back; false where it was there
	Note   string       `json:"note,omitempty"`
	Error  string       `json:"error,omitempty"`
}

// RestoredTable writes what was restored, for people.
func RestoredTable(w io.Writer, all []Restored) error {
	rows := make([][]string, 0, len(all))
	for _, r := range all {
		word, text := "there already", r.Note
		switch {
		case r.Error != "":
			word, text = "failed", r.Error
		case r.Put:
			word = "restored"
		}
		tag := Clean(r.Tag)
		if tag == "" {
			tag = "(no tag)"
		}
		rows = append(rows, []string{word, tag, r.Digest.Short(), Clean(text)})
	}
	if len(rows) == 0 {
		rows = append(rows, []string{"There is nothing to restore."})
	}
	return table(w, "", rows)
}
