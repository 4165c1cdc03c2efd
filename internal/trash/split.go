package trash

import (
	"encoding/json"
	"fmt"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// What one artifact may hold: many registries refuse manifests above 4 MiB.
const (
	maxDescriptors = 4000
	maxJournal     = ledger.MaxSize * 2 / 3 // bytes
)

// Split cuts entries, in their order, into as few runs as there have to be
// artifacts. manifests has the bytes of all that are deleted. The error wraps
// [image.ErrUnsupported] where those are no manifest.
func Split(entries []Entry, manifests map[image.Digest][]byte) ([][]Entry, error) {
	var runs [][]Entry
	descriptors, bytes, from := 0, 0, 0
	for i, e := range entries {
		n, size, err := e.weight(manifests[e.Digest])
		if err != nil {
			return nil, err
		}
		if i > from && (descriptors+n > maxDescriptors || bytes+size > maxJournal) {
			runs, from, descriptors, bytes = append(runs, entries[from:i:i]), i, 0, 0
		}
		descriptors, bytes = descriptors+n, bytes+size
	}
	if from < len(entries) {
		runs = append(runs, entries[from:])
	}
	return runs, nil
}

// weight returns how many descriptors an entry needs, and how many bytes of a
// journal.
func (e Entry) weight(manifest []byte) (descriptors, size int, err error) {
	text, err := json.Marshal(e)
	if err != nil {
		return 0, 0, fmt.Errorf("entry of %s: %w", e.Digest, err)
	}
	if e.Kept {
		return 0, len(text), nil
	}
	blobs, err := Blobs(manifest)
	if err != nil {
		return 0, 0, fmt.Errorf("manifest %s: %w", e.Digest, err)
	}
	return 1 + len(blobs), len(text), nil
}
