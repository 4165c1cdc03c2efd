package plan

import (
	"fmt"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// follow returns the image and tag that an occurrence follows, or the hold
// that makes asking for it needless.
func follow(o scan.Occurrence, policy PolicyFunc) (image.Reference, *Hold) {
	use := o.Use
	if use.Ref.IsZero() {
		return image.Reference{}, hold(o, Unknowable, use.Reason)
	}
	ref := use.Ref.Tagged(use.Ref.Tag)
	if ref.Tag == "" && use.Ref.Digest != "" {
		ref.Tag = use.Follow
	}
	p := policy(o.Repository, ref)
	switch {
	case use.Ignore:
		return ref, hold(o, Ignored, "ignored by a comment")
	case p.Ignore:
		return ref, hold(o, Ignored, "ignored by policy")
	case use.Ref.Digest == "" && !p.Pin:
		return ref, hold(o, Unpinned, "not pinned by digest; pin: true in the policy would pin it")
	case use.Ref.Digest == "" && use.PinAt < 0:
		return ref, hold(o, NotEditable, unpinnable(use.Reason))
	case use.Ref.Digest == "" && ref.Tag == "":
		return ref.Tagged(image.LatestTag), nil
	case ref.Tag == "" && p.Untagged == config.UntaggedLatest:
		return ref.Tagged(image.LatestTag), nil
	case ref.Tag == "":
		return ref, hold(o, NoTag, fmt.Sprintf("no tag to follow: write %q above it, or set untagged: latest in the policy", "# basekeeper: tag=TAG"))
	}
	return ref, nil
}

func unpinnable(reason string) string {
	return "cannot be pinned here: " + reason
}

// hold makes the hold of an occurrence.
func hold(o scan.Occurrence, code Code, reason string) *Hold {
	return &Hold{
		Repository: o.Repository, Branch: o.Branch, Path: o.Path, Line: o.Use.Line,
		Image: o.Use.Ref.Name(), Tag: o.Use.Ref.Tag, Digest: o.Use.Ref.Digest,
		Code: code, Reason: reason,
	}
}
