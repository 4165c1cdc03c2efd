package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// document is a ledger as it is written.
type document struct {
	Version  int                `json:"version"`
	Records  []Record           `json:"records,omitempty"`
	Past     []Record           `json:"past,omitempty"`
	Sights   map[string][]Sight `json:"sights,omitempty"`
	Numbers  map[string]int     `json:"numbers,omitempty"`
	Finished []string           `json:"finished,omitempty"`
}

// Encode returns the one form that a ledger has as JSON. The error says what
// cannot be written, or that there is more than [MaxSize].
func Encode(l Ledger) ([]byte, error) {
	l = l.normal()
	if err := l.validate(); err != nil {
		return nil, fmt.Errorf("encode ledger: %w", err)
	}
	content, err := l.marshal()
	if err != nil {
		return nil, fmt.Errorf("encode ledger: %w", err)
	}
	if len(content) > MaxSize {
		return nil, fmt.Errorf("encode ledger: its %d records make %d bytes, and registries take no more than %d: "+
			"delete retired tags that are no longer needed, with basekeeper prune; that drops their records", len(l.Records), len(content), MaxSize)
	}
	return content, nil
}

// Decode reads what [Encode] wrote, and nothing else: what is read here is
// written back byte for byte. The error wraps [ErrDamaged] or [ErrLater].
func Decode(content []byte) (Ledger, error) {
	var d document
	if err := Unmarshal(content, &d); err != nil {
		return Ledger{}, err
	}
	l := Ledger{Records: d.Records, Past: d.Past, Sights: d.Sights, Numbers: d.Numbers, Finished: d.Finished}.normal()
	if err := l.validate(); err != nil {
		return Ledger{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if again, err := l.marshal(); err != nil || !bytes.Equal(again, content) {
		return Ledger{}, fmt.Errorf("%w: it is not as basekeeper writes it", ErrDamaged)
	}
	return l, nil
}

func (l Ledger) marshal() ([]byte, error) {
	return json.Marshal(document{version, l.Records, l.Past, l.Sights, l.Numbers, l.Finished})
}
