package retention

import (
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// judgeUntagged looks at each untagged manifest by itself. One that refers to
// something lives and dies with that, whatever its age.
func (d *decider) judgeUntagged() {
	d.untagged = make([]judged, len(d.loose))
	for i, u := range d.loose {
		j := d.judgeLoose(u)
		j.Digest = u.Digest
		d.untagged[i] = j
	}
}

func (d *decider) judgeLoose(u Untagged) judged {
	var j judged
	anchor, anchored := d.anchors[u.Digest]
	switch {
	case anchored:
		return j.kept(anchor.reason, anchor.text)
	case !d.known(u.Digest):
		return j.kept(Unknown, "could not be read")
	case d.refers(u.Digest):
		j.waits = true
		return j
	}
	j.Since = u.Pushed
	if !u.Pushed.IsZero() && d.policy.Untagged > 0 {
		j.Expires = u.Pushed.Add(max(d.policy.Untagged, d.grace()))
	}
	age := "untagged, pushed " + d.ago(u.Pushed)
	switch {
	case u.Pushed.IsZero():
		j = j.kept(Unknown, "untagged, and when it was pushed is not known")
		j.waits = true
	case u.Pushed.Add(d.grace()).After(d.now):
		return j.kept(Young, age+", "+d.goes(j.Expires))
	case j.Expires.IsZero():
		j = j.kept(NotRetired, "untagged, and the policy keeps those")
		j.waits = true
	case j.Expires.After(d.now):
		j = j.kept(Young, age+", "+d.goes(j.Expires))
		j.waits = true
	default:
		j = j.gone(Orphaned, age+", policy "+exactly(max(d.policy.Untagged, d.grace()))+", nothing uses it")
	}
	return j
}

// grace is how long an untagged manifest is kept even if it is part of
// something that goes: it may belong to a build that is under way.
func (d *decider) grace() time.Duration { return max(MinGrace, d.policy.MinimumAge) }

// refers reports whether a digest refers to something that is known.
func (d *decider) refers(digest image.Digest) bool {
	for _, subject := range d.subjects[digest] {
		if d.known(subject) {
			return true
		}
	}
	return false
}

// finishUntagged gives those that something else decides about their verdict.
func (d *decider) finishUntagged() {
	for i, j := range d.untagged {
		o, live := d.live[j.Digest]
		dies, doomed := d.doomed[j.Digest]
		switch {
		case live && o.from == j.Digest && j.Text == "":
			j = j.kept(Companion, "belongs to "+short(d.subjects[j.Digest][0])+", about which nothing is decided")
		case live && o.from == j.Digest, doomed && !live && dies.from == j.Digest:
			continue // for its own sake
		case live && o.belongs:
			j = j.kept(Companion, d.with(o, true))
		case live:
			j = j.kept(Reachable, d.with(o, true))
		default:
			j = j.gone(WithImage, d.with(dies, false))
		}
		j.Since, j.Expires = time.Time{}, time.Time{}
		d.untagged[i] = j
	}
}
