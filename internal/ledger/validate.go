package ledger

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/basekeeper/basekeeper/internal/image"
)

var tagGrammar = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

// IsTag reports whether a registry takes s as a tag.
//
// Spec: OCI distribution-spec v1.1, "Pulling manifests".
func IsTag(s string) bool { return tagGrammar.MatchString(s) }

// maxTemplate bounds the bytes of a template's text: its literals and its
// fields.
const maxTemplate = 200

// validate says what is wrong with a ledger that is in order.
func (l Ledger) validate() error {
	for i, r := range l.Records {
		if err := r.Validate(); err != nil {
			return err
		}
		if i > 0 && l.Records[i-1].Tag == r.Tag {
			return fmt.Errorf("there are two records of tag %s", r.Tag)
		}
	}
	for _, r := range l.Past {
		if err := r.Validate(); err != nil {
			return fmt.Errorf("past: %w", err)
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(l.Sights)) {
		if err := validateSights(tag, l.Sights[tag]); err != nil {
			return err
		}
	}
	for _, template := range slices.Sorted(maps.Keys(l.Numbers)) {
		if template == "" || len(template) > maxTemplate || !utf8.ValidString(template) || l.Numbers[template] > math.MaxInt32 {
			return fmt.Errorf("number %d of template %.50q is none", l.Numbers[template], template)
		}
	}
	for _, tag := range l.Finished {
		if !IsTag(tag) {
			return fmt.Errorf("finished %.50q is no tag", tag)
		}
	}
	return nil
}

// Validate says what is missing in a record, or cannot be in one.
func (r Record) Validate() error {
	if !IsTag(r.Tag) {
		return fmt.Errorf("record of %.50q: it is no tag", r.Tag)
	}
	if r.From != "" && !IsTag(r.From) {
		return fmt.Errorf("record of tag %s: from %.50q is no tag", r.Tag, r.From)
	}
	if err := validateSight(Sight{r.Digest, r.At}); err != nil {
		return fmt.Errorf("record of tag %s: %w", r.Tag, err)
	}
	if r.ReplacedBy == "" {
		return nil
	}
	if _, err := image.ParseDigest(r.ReplacedBy.String()); err != nil {
		return fmt.Errorf("record of tag %s: replaced by: %w", r.Tag, err)
	}
	return nil
}

func validateSights(tag string, seen []Sight) error {
	if !IsTag(tag) {
		return fmt.Errorf("sights of %.50q: it is no tag", tag)
	}
	for _, s := range seen {
		if err := validateSight(s); err != nil {
			return fmt.Errorf("sights of tag %s: %w", tag, err)
		}
	}
	return nil
}

func validateSight(s Sight) error {
	if _, err := image.ParseDigest(s.Digest.String()); err != nil {
		return err
	}
	return ValidateTime(s.At)
}

// ValidateTime says what is wrong with a time that must be there.
func ValidateTime(t time.Time) error {
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return errors.New("the time is missing, or none")
	}
	return nil
}
