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

	Group         string     // GroupImage or GroupRepository, never empty
	Labels        []string   // of the pull request
	Reviewers     []string   // users, or owner/team
	Assignees     []string   // users
	Draft         bool       // open the pull request as a draft
	AutoMerge     string     // MergeCommit, MergeSquash or MergeRebase; empty for never
	Schedules     []Schedule // when pull requests are opened and moved on: all must be open
	CommitMessage Message    // zero for the default
}

// Open reports whether every schedule of the policy is open. The function
// tells the time in a time zone.
func (p Policy) Open(now func(timezone string) time.Time) bool {
	for _, s := range p.Schedules {
		if !s.Open(now(s.Timezone)) {
			return false
		}
	}
	return true
}

// settings are the keys that a policy sets; nil stands for "not set".
type settings struct {
	ignore, pin, superseded, everyDigest *bool
	untagged                             *string
	cooldown                             *time.Duration
	platforms                            *[]image.Platform

	group, autoMerge             *string
	labels, reviewers, assignees *[]string
	draft                        *bool
	schedule                     *Schedule
	commitMessage                *Message
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
		override(&s.group, r.group)
		override(&s.labels, r.labels)
		override(&s.reviewers, r.reviewers)
		override(&s.assignees, r.assignees)
		override(&s.draft, r.draft)
		override(&s.autoMerge, r.autoMerge)
		override(&s.schedule, r.schedule)
		override(&s.commitMessage, r.commitMessage)
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

		Group:         valueOr(s.group, GroupImage),
		Labels:        append([]string(nil), valueOr(s.labels, nil)...),
		Reviewers:     append([]string(nil), valueOr(s.reviewers, nil)...),
		Assignees:     append([]string(nil), valueOr(s.assignees, nil)...),
		Draft:         valueOr(s.draft, false),
		AutoMerge:     valueOr(s.autoMerge, ""),
		Schedules:     addSchedule(nil, valueOr(s.schedule, Schedule{})),
		CommitMessage: valueOr(s.commitMessage, Message{}),
	}
}

func valueOr[V any](v *V, otherwise V) V {
	if v == nil {
		return otherwise
	}
	return *v
}
