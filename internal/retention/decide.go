package retention

import (
	"cmp"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// decider is one decision while it is made.
type decider struct {
	facts  Facts
	policy Policy
	now    time.Time

	graph
	tags    []Tag                  // in the order of their names, each once
	of      []image.Digest         // what each tag belongs to; empty for the tag of an image
	on      map[image.Digest][]int // tags by digest, as indexes
	loose   []Untagged             // in the order of their digests, each once
	cut     map[string]image.Digest
	uses    uses
	anchors map[image.Digest]cause

	judged   []judged                // the verdicts about tags
	untagged []judged                // and about loose
	doomed   map[image.Digest]origin // what goes unless something keeps it
	live     map[image.Digest]origin // what something keeps
}

// judged is a verdict while it is made.
type judged struct {
	Verdict
	subject image.Digest // of a companion
	waits   bool         // for the fate of what it belongs to, or is a part of
	ranks   bool         // counts for the newest N
	age     age
}

// Decide says which tags and manifests of a repository may go, and why each is
// kept or goes. The same facts give the same decision, in whatever order they
// come. Where Refused is not empty, nothing may be deleted; the verdicts and
// the lists still say what would have been.
func Decide(f Facts, p Policy, now time.Time) Decision {
	d := newDecider(f, p, now)
	d.anchor()
	d.judgeTags()
	d.keepNewest()
	d.judgeUntagged()
	d.settle()
	d.judgeCompanions()
	d.share()
	d.finishUntagged()
	return d.decision()
}

func newDecider(f Facts, p Policy, now time.Time) *decider {
	d := &decider{facts: f, policy: p, now: now, graph: newGraph(f), on: map[image.Digest][]int{}}
	d.uses = newUses(f.Uses)
	d.cut = cutDigests(f.Manifests)
	d.tags = slices.Clone(f.Tags)
	slices.SortFunc(d.tags, byName)
	for i, tag := range d.tags {
		d.on[tag.Digest] = append(d.on[tag.Digest], i)
		d.of = append(d.of, d.subject(tag))
		if d.of[i] != "" {
			d.attach(tag.Digest, d.of[i])
		}
	}
	for _, u := range f.Untagged {
		if len(d.on[u.Digest]) == 0 { // a tag came in the meantime
			d.loose = append(d.loose, u)
		}
	}
	slices.SortFunc(d.loose, func(a, b Untagged) int {
		return cmp.Or(cmp.Compare(a.Digest, b.Digest), b.Pushed.Compare(a.Pushed))
	})
	d.loose = slices.CompactFunc(d.loose, func(a, b Untagged) bool { return a.Digest == b.Digest })
	d.tidy()
	return d
}

// judgeTags looks at each tag by itself.
func (d *decider) judgeTags() {
	d.judged = make([]judged, len(d.tags))
	for i, tag := range d.tags {
		j := d.judge(tag, d.of[i])
		j.Tag, j.Digest = tag.Name, tag.Digest
		d.judged[i] = j
	}
}

// judge looks at a tag and what it belongs to.
func (d *decider) judge(tag Tag, subject image.Digest) judged {
	by := d.uses.of(tag)
	anchor, anchored := d.anchors[tag.Digest]
	companion := subject != ""
	j := judged{subject: subject}
	switch {
	case ledger.IsOwn(tag.Name):
		return j.kept(Own, "basekeeper's own")
	case d.published(tag.Name):
		return j.kept(Published, "published: it moves with each release")
	case d.protected(tag.Name):
		return j.kept(Protected, "a pattern protects it")
	}
	if !companion {
		j.age = d.age(tag)
		if j.age.may {
			j.Since, j.Expires = j.age.start, d.expiry(j.age.start)
		}
	}
	switch {
	case len(by) > 0:
		return j.kept(InUse, inUse(by))
	case anchored:
		return j.kept(anchor.reason, anchor.text)
	case !d.known(tag.Digest):
		return j.kept(Unknown, "what it points at could not be read")
	case companion && !d.known(subject):
		return j.kept(Companion, "belongs to "+short(subject)+", which was not found")
	case companion:
		j.waits = true
		return j
	case !j.age.may && j.age.moved:
		return j.kept(NotRetired, "nothing says that it may expire: it has moved since it was retired")
	case !j.age.may:
		return j.kept(NotRetired, "nothing says that it may expire")
	}
	return d.judgeAge(j)
}

// judgeAge looks at a tag that only its age can keep.
func (d *decider) judgeAge(j judged) judged {
	j.ranks = true
	switch {
	case j.age.start.IsZero():
		return j.kept(Unknown, "its age is not known; it counts from now")
	case j.Expires.IsZero() || j.Expires.After(d.now):
		return j.kept(Young, j.age.text+", "+d.goes(j.Expires))
	}
	j.Reason, j.Text = Expired, j.age.text+", "+d.over()+", nothing uses it"
	return j
}

func (j judged) kept(reason Reason, text string) judged {
	j.Keep, j.Reason, j.Text, j.waits = true, reason, text, false
	return j
}

func (j judged) gone(reason Reason, text string) judged {
	j.Keep, j.Reason, j.Text, j.waits = false, reason, text, false
	return j
}

// known reports whether the content of a digest is known.
func (d *decider) known(digest image.Digest) bool {
	_, ok := d.facts.Manifests[digest]
	return ok
}
