package artifact

import (
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// packing is what goes into a trash artifact.
type packing struct {
	journal trash.Journal
	blobs   [][]trash.Blob        // of each entry
	saved   [][]byte              // the blobs of the manifests that are deleted, each once
	absent  map[image.Digest]bool // blobs that are not there
}

// pack looks at what is deleted. The error says what cannot be saved whole.
func pack(j trash.Journal, manifests map[image.Digest][]byte) (packing, error) {
	j.Entries = slices.Clone(j.Entries)
	p := packing{journal: j, blobs: make([][]trash.Blob, len(j.Entries)), absent: map[image.Digest]bool{}}
	seen := map[image.Digest]bool{}
	for i := range j.Entries {
		e := &j.Entries[i]
		e.Saved, e.Missing = "", nil
		if e.Kept {
			continue
		}
		body, ok := manifests[e.Digest]
		if !ok {
			return packing{}, fmt.Errorf("manifest %s: its content was not read", e.Digest)
		}
		if !trash.Matches(e.Digest, body) {
			return packing{}, fmt.Errorf("manifest %s: %w", e.Digest, image.ErrMismatch)
		}
		var err error
		if p.blobs[i], err = trash.Blobs(body); err != nil {
			return packing{}, fmt.Errorf("manifest %s: %w", e.Digest, err)
		}
		e.Size = int64(len(body))
		blob := trash.Save(body)
		if e.Saved = image.FromBytes(blob); !seen[e.Saved] {
			seen[e.Saved] = true
			p.saved = append(p.saved, blob)
		}
	}
	return p, nil
}

// foreign returns the blobs that may be somewhere else.
func (p packing) foreign() []image.Digest {
	return p.list(func(b trash.Blob) bool { return b.Foreign })
}

// claims returns the blobs that should be there.
func (p packing) claims() []image.Digest {
	return p.list(func(b trash.Blob) bool { return !b.Foreign })
}

func (p packing) list(wanted func(trash.Blob) bool) []image.Digest {
	var all []image.Digest
	seen := map[image.Digest]bool{}
	for _, b := range slices.Concat(p.blobs...) {
		if wanted(b) && !seen[b.Digest] {
			seen[b.Digest] = true
			all = append(all, b.Digest)
		}
	}
	return all
}

// noted returns the journal with what is missing.
func (p packing) noted() trash.Journal {
	j := p.journal
	j.Entries = slices.Clone(j.Entries)
	for i, blobs := range p.blobs {
		for _, b := range blobs {
			if p.absent[b.Digest] && !b.Foreign {
				j.Entries[i].Missing = append(j.Entries[i].Missing, b.Digest)
			}
		}
	}
	return j
}

// layers returns what the artifact keeps: saved manifests, then what they name
// and is there, each once.
func (p packing) layers() []descriptor {
	var all []descriptor
	seen := map[image.Digest]bool{}
	add := func(d descriptor) {
		if !seen[d.Digest] && !p.absent[d.Digest] {
			seen[d.Digest] = true
			all = append(all, d)
		}
	}
	for _, blob := range p.saved {
		add(describe(trash.SavedType, blob))
	}
	for _, b := range slices.Concat(p.blobs...) {
		if b.Foreign || b.MediaType == "" {
			b.MediaType = "application/octet-stream" // with its own, a registry would ask for the place where it is
		}
		add(descriptor{b.MediaType, b.Digest, b.Size})
	}
	return all
}
