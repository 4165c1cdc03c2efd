package trash

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

const version = 1

// document is a journal as it is written.
type document struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
	Entries []Entry   `json:"entries"`
}

// Encode returns the one form that a journal has as JSON. The error says what
// cannot be written, or that there is more than [ledger.MaxSize].
func Encode(j Journal) ([]byte, error) {
	j = j.normal()
	if err := j.validate(); err != nil {
		return nil, fmt.Errorf("encode journal of trash: %w", err)
	}
	content, err := json.Marshal(document{version, j.At, j.Expires, j.Entries})
	if err != nil {
		return nil, fmt.Errorf("encode journal of trash: %w", err)
	}
	if len(content) > ledger.MaxSize {
		return nil, fmt.Errorf("encode journal of trash: its %d entries make %d bytes, more than %d", len(j.Entries), len(content), ledger.MaxSize)
	}
	return content, nil
}

// Decode reads what [Encode] wrote, and nothing else. The error wraps
// [ledger.ErrDamaged] or [ledger.ErrLater].
func Decode(content []byte) (Journal, error) {
	var d document
	if err := ledger.Unmarshal(content, &d); err != nil {
		return Journal{}, err
	}
	j := Journal{d.At, d.Expires, d.Entries}.normal()
	if err := j.validate(); err != nil {
		return Journal{}, fmt.Errorf("%w: %w", ledger.ErrDamaged, err)
	}
	if again, err := Encode(j); err != nil || !bytes.Equal(again, content) {
		return Journal{}, fmt.Errorf("%w: it is not as basekeeper writes it", ledger.ErrDamaged)
	}
	return j, nil
}

// normal returns j with times in whole seconds, and nil for all that is empty.
func (j Journal) normal() Journal {
	j.At, j.Expires = stamp(j.At), stamp(j.Expires)
	j.Entries = slices.Clone(j.Entries)
	for i := range j.Entries {
		j.Entries[i] = j.Entries[i].normal()
	}
	return j
}

func (e Entry) normal() Entry {
	e.Reason = strings.ToValidUTF8(e.Reason, "�")
	e.MediaType = strings.ToValidUTF8(e.MediaType, "�")
	e.Tags, e.Missing, e.Records = filled(e.Tags), filled(e.Missing), filled(e.Records)
	slices.Sort(e.Tags)
	e.Tags = slices.Compact(e.Tags)
	for i, r := range e.Records {
		e.Records[i] = r.Normal()
	}
	return e
}

// validate says what is wrong with a journal that is in order.
func (j Journal) validate() error {
	if ledger.ValidateTime(j.At) != nil || ledger.ValidateTime(j.Expires) != nil || j.Expires.Before(j.At) {
		return errors.New("the times of deletion and of expiry are not there, or not in this order")
	}
	if len(j.Entries) == 0 {
		return errors.New("there is no entry")
	}
	for i, e := range j.Entries {
		if err := e.validate(); err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return nil
}

func (e Entry) validate() error {
	digests := append([]image.Digest{e.Digest}, e.Missing...)
	if !e.Kept || e.Saved != "" {
		digests = append(digests, e.Saved)
	}
	for _, d := range digests {
		if _, err := image.ParseDigest(d.String()); err != nil {
			return err
		}
	}
	if e.MediaType == "" || e.Size < 0 {
		return errors.New("the manifest's media type or size is missing")
	}
	for _, tag := range e.Tags {
		if !ledger.IsTag(tag) {
			return fmt.Errorf("%.50q is no tag", tag)
		}
	}
	for _, r := range e.Records {
		if err := r.Validate(); err != nil {
			return err
		}
	}
	return nil
}

func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// filled returns a copy of s; of an empty one, nil.
func filled[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return slices.Clone(s)
}
