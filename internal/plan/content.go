package plan

import (
	"maps"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// content is how often each file of a branch should use which image by which
// digest, as far as a pull request is about it. Lines do not matter: the base
// branch may have moved them.
type content map[use]int

type use struct {
	path string
	ref  image.Reference
}

// content returns what p's branch should hold: what the base holds with the
// bumps made, of the digests that they lead to.
func (f PullFacts) content(p Pull) content {
	type spot struct {
		path  string
		start int
	}
	moved, to := map[spot]image.Digest{}, map[image.Digest]bool{}
	paths := map[string]bool{}
	for _, i := range p.Bumps {
		b := f.Plan.Bumps[i]
		to[b.To] = true
		for _, e := range b.Edits {
			moved[spot{e.Path, e.Start}] = b.To
			paths[e.Path] = true
		}
	}
	wanted := content{}
	for _, o := range f.Occurrences[Branch{p.Repository, p.Base}] {
		if !paths[o.Path] {
			continue
		}
		ref := o.Use.Ref
		if digest, ok := moved[spot{o.Path, verdict{occurrence: &o}.place().start}]; ok {
			ref = pinned(ref, digest)
		}
		if to[ref.Digest] {
			wanted[use{o.Path, ref}]++
		}
	}
	return wanted
}

// pinned returns ref as it reads with the digest in its place; a reference
// without a tag gets latest with it.
func pinned(ref image.Reference, digest image.Digest) image.Reference {
	if ref.Digest == "" && ref.Tag == "" {
		ref.Tag = image.LatestTag
	}
	return ref.Pinned(digest)
}

// carriedBy reports whether files that hold these occurrences make the same
// change.
func (c content) carriedBy(there []scan.Occurrence) bool {
	to := map[image.Digest]bool{}
	for u := range c {
		to[u.ref.Digest] = true
	}
	paths := map[string]bool{}
	for u := range c {
		paths[u.path] = true
	}
	got := content{}
	for _, o := range there {
		if to[o.Use.Ref.Digest] && paths[o.Path] {
			got[use{o.Path, o.Use.Ref}]++
		}
	}
	return maps.Equal(c, got)
}
