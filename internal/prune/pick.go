package prune

import (
	"fmt"
	"maps"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
)

// pick takes what a selection asks for.
func (r *restoration) pick(sel Selection) error {
	r.saved, r.newest = map[image.Digest]item{}, map[string]item{}
	r.wanted, r.tags = digests{}, map[string]item{}
	for i := range r.bins {
		b := &r.bins[i]
		for _, e := range b.journal.Entries {
			r.know(item{b, e})
			if !b.journal.At.Before(sel.Since) && (sel.All || sel.Digest != "" && sel.Digest == e.Digest) {
				r.wanted[e.Digest] = true
			}
		}
	}
	for tag, it := range r.newest {
		asked := sel.All || sel.Tag == tag || sel.Digest != "" && sel.Digest == it.entry.Digest
		if asked && !it.bin.journal.At.Before(sel.Since) {
			r.take(tag)
		}
	}
	switch {
	case len(r.wanted) > 0 || sel.All:
		return nil
	case sel.Tag != "":
		return fmt.Errorf("tag %s: %w in the trash", sel.Tag, image.ErrNotFound)
	}
	return fmt.Errorf("manifest %s: %w in the trash", sel.Digest, image.ErrNotFound)
}

// know notes an entry; the first that is noted of a manifest or tag is the
// newest.
func (r *restoration) know(it item) {
	if _, ok := r.saved[it.entry.Digest]; !ok && !it.entry.Kept {
		r.saved[it.entry.Digest] = it
	}
	for _, tag := range it.entry.Tags {
		if _, ok := r.newest[tag]; !ok {
			r.newest[tag] = it
		}
	}
}

// take takes a tag and what it was on.
func (r *restoration) take(tag string) {
	it := r.newest[tag]
	r.tags[tag] = it
	r.wanted[it.entry.Digest] = true
}

// sequence returns the manifests to put back in an order that registries
// accept: what is contained, what contains it, what refers to that. Companion
// tags of what is put back are taken on the way.
func (r *restoration) sequence() []image.Digest {
	companions := map[image.Digest][]string{}
	for _, tag := range slices.Sorted(maps.Keys(r.newest)) {
		if subject, ok := companionOf(tag); ok {
			companions[subject] = append(companions[subject], tag)
		}
	}
	var order []image.Digest
	seen := digests{}
	var visit func(image.Digest)
	visit = func(digest image.Digest) {
		if seen[digest] {
			return
		}
		seen[digest] = true
		for _, part := range r.bonds.parts[digest] {
			if _, ok := r.saved[part]; ok {
				visit(part)
			}
		}
		order = append(order, digest)
		for _, referrer := range r.bonds.referrers[digest] {
			visit(referrer)
		}
		for _, tag := range companions[digest] {
			r.take(tag)
			visit(r.newest[tag].entry.Digest)
		}
	}
	for _, digest := range slices.Sorted(maps.Keys(r.wanted)) {
		visit(digest)
	}
	return order
}
