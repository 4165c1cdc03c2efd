package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// verdict is what becomes of one occurrence: a hold, a new digest, or neither
// where it is up to date.
type verdict struct {
	occurrence *scan.Occurrence
	ref        image.Reference // image and tag that it follows
	hold       *Hold
	to         image.Digest
	gone       bool
	note       string
}

// Decide makes the plan.
func Decide(f Facts) Plan {
	verdicts := make([]verdict, len(f.Occurrences))
	for i := range f.Occurrences {
		verdicts[i] = f.decide(&f.Occurrences[i])
	}
	share(verdicts)
	p := Plan{Version: Version, CreatedAt: f.Now.UTC(), Bumps: bumps(verdicts), Holds: []Hold{}, Problems: append([]scan.Problem{}, f.Problems...)}
	for _, v := range verdicts {
		switch {
		case v.hold != nil:
			p.Holds = append(p.Holds, *v.hold)
		case v.to == "":
			p.Current++
		}
	}
	goneFirst(p)
	return p
}

// decide looks at one occurrence by itself.
func (f Facts) decide(o *scan.Occurrence) verdict {
	v := verdict{occurrence: o}
	if v.ref, v.hold = follow(*o, f.Policy); v.hold != nil {
		return v
	}
	tag, asked := f.Tags[v.ref]
	switch {
	case !asked:
		return v.held(Failed, "not resolved in this run")
	case tag.Trouble != nil:
		return v.held(tag.Trouble.Code, tag.Trouble.Reason)
	case tag.Current.IsSchema1():
		return v.held(Unsupported, "the tag points at a schema 1 manifest, which cannot be pinned: have it pushed again by a current tool")
	case tag.Current.Digest == o.Use.Ref.Digest:
		return v
	}
	policy := f.Policy(o.Repository, v.ref)
	old := f.Manifests[v.ref.Tagged("").Pinned(o.Use.Ref.Digest)]
	v.gone = old.Gone
	target, young := f.target(*o, v.ref, tag)
	switch {
	case young != "" && !v.gone:
		v = v.held(Cooldown, young)
	case o.Use.Ref.Digest == "":
		v.to = target.Digest
	case target.Digest == o.Use.Ref.Digest:
		return v
	default:
		v = f.move(v, policy, old, target)
	}
	if v.hold == nil && v.to != "" && o.Use.Ref.Digest != "" && !o.Use.Editable {
		v = v.held(NotEditable, o.Use.Reason)
	}
	if v.hold != nil {
		v.hold.Current, v.hold.Gone = tag.Current.Digest, v.gone
	}
	return v
}

// held returns v as a hold.
func (v verdict) held(code Code, reason string) verdict {
	v.hold, v.to = hold(*v.occurrence, code, reason), ""
	v.hold.Tag = v.ref.Tag
	return v
}

// target returns what the occurrence should move to under its cooldown, or
// why it is too early. Superseded digests count only where policy says so: a
// tag that moves more often than the cooldown is long would starve otherwise.
func (f Facts) target(o scan.Occurrence, ref image.Reference, tag Tag) (image.Descriptor, string) {
	policy := f.Policy(o.Repository, ref)
	if policy.Cooldown <= 0 {
		return tag.Current, ""
	}
	seen := firstSeen(tag, tag.Current.Digest, f.Now)
	if f.Now.Sub(seen) >= policy.Cooldown {
		return tag.Current, ""
	}
	if policy.Superseded {
		if digest, ok := f.superseded(o.Use.Ref.Digest, tag, policy); ok {
			return image.Descriptor{Digest: digest}, ""
		}
	}
	reason := fmt.Sprintf("cooldown: first seen %s ago, policy wants %s; due %s",
		spell(coarse(f.Now.Sub(seen))), spell(policy.Cooldown), seen.Add(policy.Cooldown).UTC().Format(time.RFC3339))
	if tag.NewClock {
		reason += "; there was no cache of earlier sights, so its clock starts now"
	}
	return tag.Current, reason
}

// superseded returns the newest digest that is old enough and still there; the
// pinned one itself, or one that came before it, is none.
func (f Facts) superseded(pinned image.Digest, tag Tag, policy config.Policy) (image.Digest, bool) {
	for i := len(tag.History) - 1; i >= 0; i-- {
		s := tag.History[i]
		switch {
		case s.Digest == pinned:
			return "", false
		case s.Lost || f.Now.Sub(s.FirstSeen) < policy.Cooldown:
			continue
		}
		return s.Digest, true
	}
	return "", false
}

// Candidates returns the superseded digests that a policy would take, so that
// the caller can ask whether they still exist. With those that do not marked
// as lost, it returns the next ones; an answer may come more than once.
func (f Facts) Candidates() []image.Reference {
	var refs []image.Reference
	for _, o := range f.Occurrences {
		ref, hold := follow(o, f.Policy)
		if hold != nil {
			continue
		}
		policy, tag := f.Policy(o.Repository, ref), f.Tags[ref]
		if !policy.Superseded || tag.Trouble != nil || f.Now.Sub(firstSeen(tag, tag.Current.Digest, f.Now)) >= policy.Cooldown {
			continue
		}
		if digest, ok := f.superseded(o.Use.Ref.Digest, tag, policy); ok {
			refs = append(refs, ref.Pinned(digest))
		}
	}
	return refs
}

// firstSeen returns when digest was first seen behind the tag: now, where
// nothing is known, so that the cooldown fails closed.
func firstSeen(tag Tag, digest image.Digest, now time.Time) time.Time {
	for _, s := range tag.History {
		if s.Digest == digest && !s.FirstSeen.After(now) {
			return s.FirstSeen
		}
	}
	return now
}

// coarse drops what people do not want to read: the minutes of days, the
// seconds of hours.
func coarse(d time.Duration) time.Duration {
	switch {
	case d >= 24*time.Hour:
		return d.Truncate(time.Hour)
	case d >= time.Minute:
		return d.Truncate(time.Minute)
	}
	return d.Truncate(time.Second)
}

// spell writes a duration as the configuration does: 3d, 1d12h, 45m; seconds
// only where there is nothing larger.
func spell(d time.Duration) string {
	var b strings.Builder
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if n := d / unit.length; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit.name)
			d %= unit.length
		}
	}
	if b.Len() == 0 {
		return d.Truncate(time.Second).String()
	}
	return b.String()
}
