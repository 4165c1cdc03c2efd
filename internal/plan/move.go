package plan

import (
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
)

// move finds the digest that takes the pinned one's place, like for like: an
// index for an index, the same platform's image for a single image.
func (f Facts) move(v verdict, policy config.Policy, old Manifest, target image.Descriptor) verdict {
	next := f.Manifests[v.ref.Tagged("").Pinned(target.Digest)]
	if next.MediaType == "" {
		next.MediaType = target.MediaType
	}
	switch {
	case next.Trouble != nil:
		return v.held(next.Trouble.Code, next.Trouble.Reason)
	case next.Gone:
		return v.held(Failed, fmt.Sprintf("the tag points at %s, which the registry does not have: it may be moving just now; run again", target.Digest.Short()))
	case old.Gone:
		v.to, v.note = target.Digest, "the registry no longer has the old digest: builds that use it fail"
		return v
	case old.Trouble != nil:
		return v.held(old.Trouble.Code, "the pinned digest could not be read: "+old.Trouble.Reason)
	case old.IsIndex() && next.IsIndex():
		return moveIndex(v, policy, old, next, target.Digest)
	case old.IsIndex():
		return v.held(MissingPlatform, fmt.Sprintf("the tag now points at a single image, the pinned index has %s", platformList(old.Platforms)))
	case next.IsIndex():
		return moveSingle(v, policy, old, next)
	}
	v.to = target.Digest
	return v
}

// moveIndex moves from an index to an index, if no platform is lost and one
// that matters has changed.
func moveIndex(v verdict, policy config.Policy, old, next Manifest, to image.Digest) verdict {
	wanted := matter(old, policy, v.occurrence.Use.Platform)
	nextIndex, changed := image.Index{Platforms: next.Platforms}, false
	var lost []image.Descriptor
	for _, d := range wanted {
		now, ok := nextIndex.Find(*d.Platform)
		switch {
		case !ok:
			lost = append(lost, d)
		case now.Digest != d.Digest:
			changed = true
		}
	}
	switch {
	case len(lost) > 0:
		return v.held(MissingPlatform, fmt.Sprintf("the new index has no %s yet, which the pinned one has", platformList(lost)))
	case !changed && len(wanted) > 0 && !policy.EveryDigest:
		return v.held(NoChange, "no change for "+platformList(wanted))
	}
	v.to = to
	return v
}

// matter returns those of the old index's platforms that policy or the
// reference's own --platform ask for; all of them where neither does.
func matter(old Manifest, policy config.Policy, written string) []image.Descriptor {
	platforms := policy.Platforms
	if p, err := image.ParsePlatform(written); err == nil {
		platforms = []image.Platform{p}
	}
	if len(platforms) == 0 {
		return old.Platforms
	}
	index := image.Index{Platforms: old.Platforms}
	var wanted []image.Descriptor
	for _, p := range platforms {
		if d, ok := index.Find(p); ok {
			wanted = append(wanted, d)
		}
	}
	return wanted
}

// moveSingle moves a pin on one platform's image to the same platform's image
// of the new index.
func moveSingle(v verdict, policy config.Policy, old, next Manifest) verdict {
	index := image.Index{Platforms: next.Platforms}
	for _, d := range next.Platforms {
		if d.Digest == v.occurrence.Use.Ref.Digest {
			return v // the index has it: it is what the tag points at
		}
	}
	platform := old.Platform
	if p, err := image.ParsePlatform(v.occurrence.Use.Platform); platform == nil && err == nil {
		platform = &p
	}
	if platform == nil && len(policy.Platforms) == 1 {
		platform = &policy.Platforms[0]
	}
	if platform == nil {
		return v.held(Failed, "the pinned digest is one platform's image, and which platform could not be learned")
	}
	d, ok := index.Find(*platform)
	if !ok {
		return v.held(MissingPlatform, fmt.Sprintf("the new index has no %s, for which the pinned image is", platform))
	}
	v.to = d.Digest
	return v
}

func platformList(ds []image.Descriptor) string {
	names := make([]string, 0, len(ds))
	for _, d := range ds {
		names = append(names, d.Platform.String())
	}
	return strings.Join(names, ", ")
}
