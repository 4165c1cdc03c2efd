package plan_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// TestTheGroupingHasChanged: what is closed since another pull request has its
// change says so.
func TestTheGroupingHasChanged(t *testing.T) {
	all := plan.Branch{Repository: "acme/app", Name: "basekeeper/all"}
	both := plan.Hint{Digests: map[string]image.Digest{"docker.io/library/debian:12": d("b"), "docker.io/library/alpine:3": d("c")}}
	grouped := func(w *world) { w.Grouped = func(string, image.Reference) bool { return true } }
	held := func(w *world) {
		w.files[main] = []string{"Dockerfile", "FROM debian:12@B\nFROM alpine:3@A\n"}
		w.holds = []plan.Hold{{Repository: "acme/app", Branch: "main", Image: "docker.io/library/debian", Tag: "12", Code: plan.Cooldown, Reason: "because"}}
	}
	tests := map[string]struct {
		open   plan.Branch
		hint   plan.Hint
		change func(*world)
		want   string // of the one that is open
	}{
		"to one":  {debian, plan.Hint{}, grouped, "close: it is part of the pull request from basekeeper/all now"},
		"to many": {all, both, func(*world) {}, "close: there are 2 pull requests for its images now"},
		"to many, of which one is left": {all, both, func(w *world) { w.files[main] = []string{"Dockerfile", "FROM debian:12@A\n"} },
			"close: it is part of the pull request from basekeeper/debian-12 now"},
		"to one, while it is held": {debian, plan.Hint{}, func(w *world) { grouped(w); held(w) }, "leave waiting: because"},
		"its images are not among them": {all, plan.Hint{Digests: map[string]image.Digest{"docker.io/library/redis:7": d("c")}}, func(*world) {},
			"close: every pin that it was about is up to date, or gone"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.files[main] = []string{"Dockerfile", "FROM debian:12@A\nFROM alpine:3@A\n"}
			tt.change(w)
			w.Seen[tt.open] = plan.Seen{Branch: branch(tt.open.Name, pull()), Hint: tt.hint}
			got := w.pulls(t)
			last := got[len(got)-1]
			assert.Equal(t, tt.open.Name, last.Branch)
			assert.Equal(t, tt.want, story(last))
		})
	}
}

// TestItsBaseBranchIsDropped: the configuration does not name it any more.
func TestItsBaseBranchIsDropped(t *testing.T) {
	release := plan.Branch{Repository: "acme/app", Name: "release/1"}
	own := forge.BranchName("debian:12", release.Name)
	hint := plan.Hint{Digests: map[string]image.Digest{"docker.io/library/debian:12": d("b")}}
	tests := map[string]struct {
		branch string
		hint   plan.Hint
		change func(*world, *forge.PullRequest)
		want   []string
	}{
		"one of an image":            {branch: own, hint: hint, want: []string{"close: release/1 is not among the base-branches any more"}},
		"one of all":                 {branch: forge.BranchName("", release.Name), want: []string{"close: release/1 is not among the base-branches any more"}},
		"a person pointed it there":  {branch: debian.Name, hint: hint},
		"its text does not tell":     {branch: own},
		"it could not be read":       {branch: own, hint: hint, change: func(w *world, _ *forge.PullRequest) { w.Dropped = nil }},
		"a person's commit":          {branch: own, hint: hint, change: func(_ *world, p *forge.PullRequest) { p.OthersTouch = true }},
		"the run is about one image": {branch: own, hint: hint, change: func(w *world, _ *forge.PullRequest) { w.Only = ref(t, "debian:12") }},
		"another branch has a file that is unreadable": {branch: own, hint: hint, change: func(w *world, _ *forge.PullRequest) {
			w.Plan.Problems = []scan.Problem{{Repository: "acme/app", Branch: "main", Path: "x"}}
		}, want: []string{"close: release/1 is not among the base-branches any more"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.files[main] = []string{"Dockerfile", "FROM debian:12@B\n"}
			w.Dropped = []plan.Target{{Branch: release}}
			open := pull(func(p *forge.PullRequest) { p.Base = release.Name })
			if tt.change != nil {
				tt.change(w, open)
			}
			w.Seen[plan.Branch{Repository: "acme/app", Name: tt.branch}] = plan.Seen{Branch: branch(tt.branch, open), Hint: tt.hint}
			var got []string
			for _, p := range w.pulls(t) {
				got = append(got, story(p))
			}
			assert.Equal(t, tt.want, got)
		})
	}
}
