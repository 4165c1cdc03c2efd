package prune

import (
	"github.com/basekeeper/basekeeper/internal/retention"
)

// unplanned is who uses what a plan does not name.
const unplanned = "the plan, which does not name it; make the plan again to delete it"

// confine makes sure that nothing is deleted which the plan does not name: what
// there is more is used from then on, and with it whatever it belongs to. It
// reports whether the decision has to be made again.
func (s *survey) confine(d retention.Decision, plan *Repository) bool {
	tags, manifests := tagSet(plan.Tags), plan.going()
	before := len(s.facts.Uses)
	for _, t := range d.Tags {
		if !tags[key(t)] {
			s.facts.Uses = append(s.facts.Uses, retention.Use{Tag: t.Name, By: unplanned})
		}
	}
	for _, m := range d.Manifests {
		if !manifests[m] {
			s.facts.Uses = append(s.facts.Uses, retention.Use{Digest: m, By: unplanned})
		}
	}
	return len(s.facts.Uses) > before
}
