package retention

import (
	"cmp"
	"fmt"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// decision puts together what was found.
func (d *decider) decision() Decision {
	var out Decision
	for i, j := range d.judged {
		out.Verdicts = append(out.Verdicts, j.Verdict)
		if j.age.adopt {
			tag := d.tags[i]
			tag.Since = j.age.start
			out.Adopt = append(out.Adopt, tag)
		}
	}
	for _, j := range d.untagged {
		out.Verdicts = append(out.Verdicts, j.Verdict)
	}
	if d.facts.TagDelete {
		out.Tags = d.goingTags()
	}
	out.Manifests = d.goingManifests()
	if len(out.Tags)+len(out.Manifests) > 0 {
		out.Refused = d.refusal()
	}
	return out
}

// goingTags returns the tags to delete in the order of their digests: some
// registries refuse to part with an image that an index still names.
func (d *decider) goingTags() []Tag {
	losing := map[image.Digest]bool{}
	for _, j := range d.judged {
		if !j.Keep {
			losing[j.Digest] = true
		}
	}
	var tags []Tag
	for _, digest := range d.order(losing) {
		for _, i := range d.on[digest] {
			if !d.judged[i].Keep {
				tags = append(tags, d.tags[i])
			}
		}
	}
	return tags
}

// goingManifests returns the manifests to delete, without those that are gone
// with the last of their tags.
func (d *decider) goingManifests() []image.Digest {
	goWithTags := d.facts.TagDelete && d.facts.LastTagDeletes
	going := map[image.Digest]bool{}
	for digest := range d.doomed {
		if !d.dead(digest) || goWithTags && len(d.on[digest]) > 0 {
			continue
		}
		going[digest] = true
	}
	return d.order(going)
}

// refusal says why nothing may be deleted; empty where nothing stands against
// it. Shares are counted over the tags of images.
func (d *decider) refusal() string {
	var total, gone int
	for i, tag := range d.tags {
		if i > 0 && d.tags[i-1].Name == tag.Name {
			return fmt.Sprintf("the registry lists the tag %s twice", clean(tag.Name))
		}
		if !d.known(tag.Digest) {
			return fmt.Sprintf("cannot read %s, which the tag %s points at: what it needs is not known", short(tag.Digest), clean(tag.Name))
		}
		if d.of[i] != "" || ledger.IsOwn(tag.Name) {
			continue
		}
		total++
		if !d.judged[i].Keep {
			gone++
		}
	}
	return d.policy.refuse(gone, total)
}

// refuse says why gone of total tags are too many to delete.
func (p Policy) refuse(gone, total int) string {
	const rounding = 1e-9
	share := float64(gone)
	switch {
	case total == 0:
		return "the repository has no image tag: a list of tags that is empty may be a mistake"
	case gone == total:
		return fmt.Sprintf("would delete %d of %d tags and leave none", gone, total)
	case p.MaxShare <= 0:
		return "the policy allows to delete 0% of the tags, which is nothing"
	case share <= p.MaxShare*float64(total)+rounding:
		return ""
	}
	return fmt.Sprintf("would delete %d of %d tags, more than the %.4g%% that the policy allows", gone, total, p.MaxShare*100)
}

// byName is the order of tags.
func byName(a, b Tag) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Digest, b.Digest), a.Since.Compare(b.Since))
}
