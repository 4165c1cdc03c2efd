package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/basekeeper/basekeeper/internal/image"
)

// TagPrefix begins every tag that basekeeper keeps for itself: such a tag is
// no image's, is never retired and never counts.
const TagPrefix = "basekeeper."

// Tag is the tag of the ledger's artifact in each repository.
const Tag = TagPrefix + "ledger"

// MediaType is the artifact type of the ledger, and the media type of its one
// blob.
const MediaType = "application/vnd.basekeeper.ledger.v1+json"

// Ledger is the memory of one repository. The zero value remembers nothing.
// Methods that change it return a changed copy.
type Ledger struct {
	Records  []Record           // one for each tag, in the order of their tags
	Past     []Record           // of versions that prune deleted, oldest first: what has been followed up is not again
	Sights   map[string][]Sight // by published tag, oldest first
	Numbers  map[string]int     // by template, as Template.String writes it: the highest number that was ever used
	Finished []string           // trash artifacts, by tag, whose deletions were all carried out
}

// Record says how a tag came about. It is written before the tag, as an
// intention; the tag, found on that digest, completes it.
type Record struct {
	Tag        string       `json:"tag"`                  // v5
	From       string       `json:"from,omitempty"`       // the published tag that it was retired from; empty where the tag was found without a record
	Digest     image.Digest `json:"digest"`               // what Tag points at
	At         time.Time    `json:"at"`                   // since when it is retired, or first seen: expiry counts from here; UTC, whole seconds
	By         string       `json:"by,omitempty"`         // because of what: acme/app#12; anyone's words, not proof; at most MaxBy bytes
	ReplacedBy image.Digest `json:"replacedBy,omitempty"` // what From points at instead, where that was known
}

// MaxBy is how many bytes of Record.By are kept.
const MaxBy = 256

// Record returns the record of a tag.
func (l Ledger) Record(tag string) (Record, bool) {
	i, ok := l.find(tag)
	if !ok {
		return Record{}, false
	}
	return l.Records[i], true
}

// Retired returns the records of a digest that was retired from a published
// tag, in the order of their tags.
func (l Ledger) Retired(digest image.Digest, from string) []Record {
	var all []Record
	for _, r := range l.Records {
		if r.Digest == digest && r.From == from {
			all = append(all, r)
		}
	}
	return all
}

// With returns l with the record in place of its tag's earlier one. Its time
// is cut to whole seconds, By to [MaxBy].
func (l Ledger) With(r Record) Ledger {
	r = r.Normal()
	i, ok := l.find(r.Tag)
	records := slices.Clone(l.Records)
	if ok {
		records[i] = r
	} else {
		records = slices.Insert(records, i, r)
	}
	l.Records = records
	return l
}

// Without returns l without the records of tags.
func (l Ledger) Without(tags ...string) Ledger {
	l.Records = slices.DeleteFunc(slices.Clone(l.Records), func(r Record) bool { return slices.Contains(tags, r.Tag) })
	if len(l.Records) == 0 {
		l.Records = nil
	}
	return l
}

// MaxPast bounds how many records of deleted versions are remembered.
const MaxPast = 100

// Forget returns l without the record of a tag that was deleted on purpose. What
// was retired from a published tag is remembered among the past ones, of which
// the oldest give way when there are more than [MaxPast].
func (l Ledger) Forget(tag string) Ledger {
	r, ok := l.Record(tag)
	if !ok {
		return l
	}
	if r.From != "" {
		l.Past = past(append(slices.Clone(l.Past), r))
	}
	return l.Without(tag)
}

func (l Ledger) find(tag string) (int, bool) {
	return slices.BinarySearchFunc(l.Records, tag, func(r Record, tag string) int { return cmp.Compare(r.Tag, tag) })
}

// Normal returns r as a ledger keeps it: its time in UTC and whole seconds, By
// valid UTF-8 of at most [MaxBy] bytes.
func (r Record) Normal() Record {
	r.At, r.By = stamp(r.At), words(r.By)
	return r
}

// stamp is t as the ledger keeps it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// words is a text of whoever as the ledger keeps it: valid UTF-8, and not all
// of a long one.
func words(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if len(s) <= MaxBy {
		return s
	}
	end := MaxBy
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// IsOwn reports whether a tag is one that basekeeper keeps for itself.
func IsOwn(tag string) bool { return strings.HasPrefix(tag, TagPrefix) }
