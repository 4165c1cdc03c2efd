package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Errors of what basekeeper keeps in a registry and cannot use. Whatever it
// may be, it is never written over.
var (
	ErrDamaged = errors.New("damaged")
	ErrLater   = errors.New("written by a later version of basekeeper; update it")
)

// version is the version of all formats here and in package trash.
const version = 1

// MaxSize bounds the bytes of a ledger, and of a journal of trash. Many
// registries refuse manifests above 4 MiB; the blob may not be larger than
// what may have to be listed beside it.
const MaxSize = 3 << 20

// Unmarshal reads a JSON document that only basekeeper writes, with its version
// in "version", into document, whose field for the version it fills in. The
// error wraps [ErrLater] for a later version and for what this one does not
// know, which to write back would lose; and [ErrDamaged] for all else.
func Unmarshal(content []byte, document any) error {
	if len(content) > MaxSize {
		return fmt.Errorf("%w: it has %d bytes, more than %d", ErrDamaged, len(content), MaxSize)
	}
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(content, &head); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	switch {
	case head.Version > version:
		return fmt.Errorf("%w (version %d)", ErrLater, head.Version)
	case head.Version != version:
		return fmt.Errorf("%w: it has no version", ErrDamaged)
	}
	strict := json.NewDecoder(bytes.NewReader(content))
	strict.DisallowUnknownFields()
	if strict.Decode(document) == nil && len(bytes.TrimSpace(content[strict.InputOffset():])) == 0 {
		return nil
	}
	if err := json.Unmarshal(content, document); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("%w: it has a field that is not known here", ErrLater) // the only thing that is left to be wrong
}
