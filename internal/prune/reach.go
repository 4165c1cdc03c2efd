package prune

import (
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// digests is a set of them.
type digests map[image.Digest]bool

// setOf returns the set of what is in lists.
func setOf(lists ...[]image.Digest) digests {
	s := digests{}
	for _, list := range lists {
		for _, digest := range list {
			s[digest] = true
		}
	}
	return s
}

// reach adds roots, and all that they contain by what is known of manifests.
func (found digests) reach(manifests map[image.Digest]retention.Manifest, roots ...image.Digest) {
	for len(roots) > 0 {
		digest := roots[len(roots)-1]
		roots = roots[:len(roots)-1]
		if found[digest] {
			continue
		}
		found[digest] = true
		roots = append(roots, manifests[digest].Children...)
	}
}

// attach adds what refers to something found, and what that contains, until
// there is no more.
func (found digests) attach(manifests map[image.Digest]retention.Manifest) {
	for again := true; again; {
		again = false
		for digest, m := range manifests {
			if m.Subject != "" && found[m.Subject] && !found[digest] {
				found.reach(manifests, digest)
				again = true
			}
		}
	}
}

// kept returns all that stays: what tags that are there contain, but for going
// ones, what is used, and what refers to any of it.
func (s *survey) kept(d retention.Decision, going map[retention.Tag]bool) digests {
	var roots []image.Digest
	for _, t := range s.facts.Tags {
		if !going[key(t)] {
			roots = append(roots, t.Digest)
		}
	}
	for _, u := range s.facts.Uses {
		if u.Digest != "" {
			roots = append(roots, u.Digest)
		}
	}
	for _, v := range d.Verdicts {
		if v.Tag == "" && v.Keep && (!s.left[v.Digest] || v.Reason == retention.Young) {
			roots = append(roots, v.Digest)
		}
	}
	found := digests{}
	found.reach(s.facts.Manifests, roots...)
	found.attach(s.facts.Manifests)
	return found
}

// key is t without what the registry says of its time.
func key(t retention.Tag) retention.Tag { return retention.Tag{Name: t.Name, Digest: t.Digest} }

func tagSet(tags []retention.Tag) map[retention.Tag]bool {
	s := make(map[retention.Tag]bool, len(tags))
	for _, t := range tags {
		s[key(t)] = true
	}
	return s
}
