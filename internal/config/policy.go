package config

import (
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// What a digest without a tag follows; see [Policy.Untagged].
const (
	UntaggedHold   = "hold"   // nothing: it is left alone and reported
	UntaggedLatest = "latest" // the tag latest
)

// Policy is what is to be done about one image.
type Policy struct {
	Ignore      bool             // leave it alone
	Pin         bool             // also pin a reference that has no digest
	Superseded  bool             // take the newest digest that is old enough, though the tag has moved on
	EveryDigest bool             // bump though nothing changed for the platforms that matter
	Untagged    string           // UntaggedHold or UntaggedLatest, never empty
	Cooldown    time.Duration    // how long a digest must have been known; 0 for not at all
	Platforms   []image.Platform // platforms that matter; empty for all that the pinned index has
}

// settings are the keys that a policy sets; nil stands for "not set".
type settings struct {
	ignore, pin, superseded, everyDigest *bool
	untagged                             *string
	cooldown                             *time.Duration
	platforms                            *[]image.Platform
}

// rule gives settings to the images that a pattern matches; no pattern at all
// is every image.
type rule struct {
	images []imagePattern
	settings
}

func (r rule) matches(ref image.Reference) bool {
	for _, p := range r.images {
		if p.match(ref) {
			return true
		}
	}
	return len(r.images) == 0
}

// Policy returns the settings for ref: those of every policy whose images
// match, a later one overriding an earlier one's, then what narrowing
// configurations leave of them. A ref with neither tag nor digest stands for
// its tag latest; ref's digest does not matter.
func (c Config) Policy(ref image.Reference) Policy {
	p := merge(c.rules, ref).policy()
	for _, rules := range c.limits {
		p = p.narrow(merge(rules, ref))
	}
	return p
}

// merge returns the settings of all rules that match ref.
func merge(rules []rule, ref image.Reference) settings {
	var s settings
	for _, r := range rules {
		if !r.matches(ref) {
			continue
		}
		override(&s.ignore, r.ignore)
		override(&s.pin, r.pin)
		override(&s.superseded, r.superseded)
		override(&s.everyDigest, r.everyDigest)
		override(&s.untagged, r.untagged)
		override(&s.cooldown, r.cooldown)
		override(&s.platforms, r.platforms)
	}
	return s
}

func override[V any](to **V, from *V) {
	if from != nil {
		*to = from
	}
}

// policy fills in the defaults.
func (s settings) policy() Policy {
	return Policy{
		Ignore:      valueOr(s.ignore, false),
		Pin:         valueOr(s.pin, false),
		Superseded:  valueOr(s.superseded, false),
		EveryDigest: valueOr(s.everyDigest, false),
		Untagged:    valueOr(s.untagged, UntaggedHold),
		Cooldown:    valueOr(s.cooldown, 0),
		Platforms:   append([]image.Platform(nil), valueOr(s.platforms, nil)...),
	}
}

func valueOr[V any](v *V, otherwise V) V {
	if v == nil {
		return otherwise
	}
	return *v
}
