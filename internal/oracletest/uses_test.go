package oracletest

import (
	"maps"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/image"
)

// nextDigest returns the digest that a reference moves to, if it does.
type nextDigest func(image.Reference) (image.Digest, bool)

// moves is testdata/moves.json: image:tag@old to new.
type moves map[string]image.Digest

func (m moves) next(ref image.Reference) (image.Digest, bool) {
	d, ok := m[ref.String()]
	return d, ok
}

// named returns the references of uses as BuildKit names them, sorted, each
// once; the editable ones where next puts them.
func named(uses []dockerfile.Use, next nextDigest) []string {
	set := map[string]bool{}
	for _, u := range uses {
		ref := u.Ref
		if ref.IsZero() {
			continue
		}
		if digest, ok := moved(u, next); ok {
			ref = ref.Pinned(digest)
		}
		if ref.Tag == "" && ref.Digest == "" {
			ref.Tag = image.LatestTag
		}
		set[ref.String()] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// edits are what moves the editable uses, as basekeeper would make them.
func edits(src []byte, uses []dockerfile.Use, next nextDigest) []dockerfile.Edit {
	var out []dockerfile.Edit
	for _, u := range uses {
		digest, ok := moved(u, next)
		if !ok {
			continue
		}
		e := dockerfile.Edit{Span: u.Digest, Old: string(src[u.Digest.Start:u.Digest.End]), New: digest.String()}
		if !strings.Contains(e.Old, ":") {
			e.New = digest.Encoded() // an ARG that holds the hexadecimal part only
		}
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

func moved(u dockerfile.Use, next nextDigest) (image.Digest, bool) {
	if next == nil || !u.Editable {
		return "", false
	}
	return next(u.Ref)
}
