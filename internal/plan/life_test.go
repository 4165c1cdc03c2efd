package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/scan"
)

var main = plan.Branch{Repository: "acme/app", Name: "main"}

// world is a repository with a stale debian, seen by the forge.
type world struct {
	plan.PullFacts
	files map[plan.Branch][]string // path, content, … by base branch
	tags  map[string]plan.Tag
	holds []plan.Hold
}

func newWorld() *world {
	return &world{
		PullFacts: plan.PullFacts{
			Targets:   []plan.Target{{Branch: main, Head: "base1", Default: true}},
			Seen:      map[plan.Branch]plan.Seen{},
			Grouped:   func(string, image.Reference) bool { return false },
			Open:      func(string, image.Reference) bool { return true },
			OpenLimit: func(string) int { return 10 },
			NewLimit:  50,
		},
		files: map[plan.Branch][]string{main: {"Dockerfile", "FROM debian:12@A\n"}},
		tags: map[string]plan.Tag{
			"docker.io/library/debian:12": {Current: single(d("b"))},
			"docker.io/library/alpine:3":  {Current: single(d("c"))},
		},
	}
}

// at scans files as they stand on a branch.
func at(t testing.TB, b plan.Branch, files ...string) []scan.Occurrence {
	t.Helper()
	all := occurrences(t, files...)
	for i := range all {
		all[i].Repository, all[i].Branch = b.Repository, b.Name
	}
	return all
}

// pulls decides.
func (w *world) pulls(t testing.TB) []plan.Pull {
	t.Helper()
	w.Occurrences = map[plan.Branch][]scan.Occurrence{}
	facts := plan.Facts{Policy: same(t, ""), Now: now, Tags: map[image.Reference]plan.Tag{}, Manifests: map[image.Reference]plan.Manifest{}}
	for name, tag := range w.tags {
		facts.Tags[ref(t, name)] = tag
		for _, letter := range []string{"a", "b", "c"} {
			facts.Manifests[ref(t, name).Tagged("").Pinned(d(letter))] = plan.Manifest{MediaType: image.MediaTypeOCIManifest}
		}
	}
	for b, files := range w.files {
		w.Occurrences[b] = at(t, b, files...)
		facts.Occurrences = append(facts.Occurrences, w.Occurrences[b]...)
	}
	problems, flavor := w.Plan.Problems, w.Plan.Flavor
	w.Plan = plan.Decide(facts)
	w.Plan.Problems, w.Plan.Flavor = problems, flavor
	w.Plan.Holds = append(w.Plan.Holds, w.holds...)
	return w.Decide(w.Wanted())
}

// debian is the branch of debian:12's pull request.
var debian = plan.Branch{Repository: "acme/app", Name: "basekeeper/debian-12"}

// pull is an open pull request of ours from that branch.
func pull(change ...func(*forge.PullRequest)) *forge.PullRequest {
	p := &forge.PullRequest{Number: 7, URL: "https://forge/7", State: forge.Open, Base: "main", Mine: true, Commits: 1}
	for _, c := range change {
		c(p)
	}
	return p
}

func branch(name string, pull *forge.PullRequest) *forge.Branch {
	return &forge.Branch{Name: name, Head: forge.Commit{ID: "head1", Mine: true}, Pull: pull}
}

// The content of the branch, when it makes the wanted change and when not.
const (
	wantedFile = "FROM debian:12@B\n"
	olderFile  = "FROM debian:12@A\n"
)

func TestLifeOfAPullRequest(t *testing.T) {
	tests := map[string]struct {
		seen   plan.Seen
		change func(*world)
		want   string // step why reason
		gitlab string // where it is another
	}{
		"nothing is there": {want: "create"},
		"the same is open": {
			seen: plan.Seen{Branch: branch("", pull()), Content: wanted(t)}, want: "keep",
		},
		"the base moved again": {
			seen: plan.Seen{Branch: branch("", pull()), Content: at(t, main, "Dockerfile", olderFile)},
			want: "update: it does not make the change that is wanted now",
		},
		"the default branch moved, without conflict": {
			seen:   plan.Seen{Branch: branch("", pull()), Content: wanted(t)},
			change: func(w *world) { w.Targets[0].Head = "base2" }, want: "keep",
		},
		"the default branch moved lines of the file, without conflict": {
			seen: plan.Seen{Branch: branch("", pull()), Content: wanted(t)},
			change: func(w *world) {
				w.files[main] = []string{"Dockerfile", "# a comment\n\nFROM debian:12@A\nRUN true\n"}
			}, want: "keep",
		},
		"the default branch uses the image once more": {
			seen:   plan.Seen{Branch: branch("", pull()), Content: wanted(t)},
			change: func(w *world) { w.files[main] = []string{"Dockerfile", "FROM debian:12@A\nFROM debian:12@A\n"} },
			want:   "update: it does not make the change that is wanted now",
		},
		"the default branch uses the image in another file": {
			seen: plan.Seen{Branch: branch("", pull()), Content: wanted(t)},
			change: func(w *world) {
				w.files[main] = []string{"Dockerfile", "FROM debian:12@A\n", "x/Dockerfile", "FROM debian:12@A\n"}
			},
			want: "update: it does not make the change that is wanted now",
		},
		"it conflicts": {
			seen: plan.Seen{Branch: branch("", pull(func(p *forge.PullRequest) { p.Conflicting = true })), Content: wanted(t)},
			want: "update: it conflicts with main",
		},
		"a person asked for it to be made anew": {
			seen: plan.Seen{Branch: branch("", pull()), Content: wanted(t), Hint: plan.Hint{Refresh: true}},
			want: "update: a person asked for it",
		},
		"its run was cut off": {
			seen: plan.Seen{Branch: branch("", pull()), Content: wanted(t), Hint: plan.Hint{Begun: true}},
			want: "finish: the run that made it was cut off", gitlab: "finish: its automerge is still to come",
		},
		"its run was cut off, and automerge is set": {
			seen: plan.Seen{Branch: branch("", pull(func(p *forge.PullRequest) { p.AutoMerge = true })), Content: wanted(t), Hint: plan.Hint{Begun: true}},
			want: "finish: the run that made it was cut off", gitlab: "keep",
		},
		"its run was cut off, and it is a draft": {
			seen: plan.Seen{Branch: branch("", pull(func(p *forge.PullRequest) { p.Draft = true })), Content: wanted(t), Hint: plan.Hint{Begun: true}},
			want: "finish: the run that made it was cut off", gitlab: "keep",
		},
		"its run was cut off, and the base moved": {
			seen: plan.Seen{Branch: branch("", pull()), Content: at(t, main, "Dockerfile", olderFile), Hint: plan.Hint{Begun: true}},
			want: "update: it does not make the change that is wanted now",
		},
		"it holds what is not wanted any more": {
			seen: plan.Seen{Branch: branch("", pull()), Content: wanted(t), Hint: plan.Hint{Digests: map[string]image.Digest{
				"docker.io/library/debian:12": d("b"), "docker.io/library/alpine:3": d("c"),
			}}},
			want: "update: it makes changes that are not wanted any more",
		},
		"its body says what is wanted": {
			seen: plan.Seen{Branch: branch("", pull()), Content: wanted(t), Hint: plan.Hint{Digests: map[string]image.Digest{"docker.io/library/debian:12": d("b")}}},
			want: "keep",
		},
		"a person's commit is on the branch": {
			seen: plan.Seen{Branch: branch("", pull(func(p *forge.PullRequest) { p.OthersTouch = true }))},
			want: "note edited: #7 has commits that are not basekeeper's",
		},
		"a second commit, by the same account": {
			seen: plan.Seen{Branch: branch("", pull(func(p *forge.PullRequest) { p.Commits = 2 }))},
			want: "note edited: #7 has commits that are not basekeeper's",
		},
		"and that was said": {
			seen: plan.Seen{Branch: branch("", pull(func(p *forge.PullRequest) { p.OthersTouch = true })), Hint: plan.Hint{HandsOff: true}},
			want: "leave edited: #7 has commits that are not basekeeper's",
		},
		"somebody else's pull request": {
			seen: plan.Seen{Branch: branch("", pull(func(p *forge.PullRequest) { p.Mine = false }))},
			want: "leave taken: #7 comes from this branch and is not basekeeper's",
		},
		"a pull request from a fork": {
			seen: plan.Seen{Branch: branch("", pull(func(p *forge.PullRequest) { p.Foreign = true }))},
			want: "leave taken: #7 comes from this branch and is not basekeeper's",
		},
		"it was pointed at another branch": {
			seen: plan.Seen{Branch: branch("", pull(func(p *forge.PullRequest) { p.Base = "dev" }))},
			want: "leave edited: #7 was pointed at another branch, dev",
		},
		"a person closed the same": {
			seen: plan.Seen{Closed: pull(), Then: wanted(t)},
			want: "leave declined: #7, which made the same change, was closed unmerged; the next digest is proposed again",
		},
		"a person closed the same and left the branch": {
			seen: plan.Seen{Branch: branch("", nil), Closed: pull(), Then: wanted(t)},
			want: "leave declined: #7, which made the same change, was closed unmerged; the next digest is proposed again",
		},
		"a person closed the one before": {
			seen: plan.Seen{Closed: pull(), Then: at(t, main, "Dockerfile", olderFile)}, want: "create",
		},
		"a person closed the one before and left the branch": {
			seen: plan.Seen{Branch: branch("", nil), Closed: pull(), Then: at(t, main, "Dockerfile", olderFile)}, want: "create",
		},
		"basekeeper closed the same": {
			seen: plan.Seen{Closed: pull(), Then: wanted(t), Ours: true}, want: "create",
		},
		"a branch of ours without pull request": {
			seen: plan.Seen{Branch: branch("", nil)}, want: "create",
		},
		"an empty branch that a run left behind": {
			seen: plan.Seen{Branch: &forge.Branch{Head: forge.Commit{ID: "base1"}}, Behind: true}, want: "create",
		},
		"a branch of somebody else": {
			seen: plan.Seen{Branch: &forge.Branch{Head: forge.Commit{ID: "other"}}},
			want: "leave edited: the branch basekeeper/debian-12 has commits that are not basekeeper's; delete it to have a pull request",
		},
		"the forge did not say": {
			seen: plan.Seen{Branch: branch("", pull()), Unread: "on fire"}, want: "leave unread: on fire",
		},
		"the forge did not say whether it was declined": {
			seen: plan.Seen{Unread: "on fire"}, want: "leave unread: on fire",
		},
		"outside of the schedule": {
			change: func(w *world) { w.Open = func(string, image.Reference) bool { return false } },
			want:   "leave schedule: outside of the schedule's windows",
		},
		"outside of the schedule, there is one": {
			seen:   plan.Seen{Branch: branch("", pull()), Content: wanted(t)},
			change: func(w *world) { w.Open = func(string, image.Reference) bool { return false } }, want: "keep",
		},
		"outside of the schedule, an older one": {
			seen:   plan.Seen{Branch: branch("", pull()), Content: at(t, main, "Dockerfile", olderFile)},
			change: func(w *world) { w.Open = func(string, image.Reference) bool { return false } },
			want:   "leave schedule: outside of the schedule's windows: it does not make the change that is wanted now",
		},
		"too many are open": {
			change: func(w *world) {
				w.OpenLimit = func(string) int { return 1 }
				w.Seen[plan.Branch{Repository: "acme/app", Name: "basekeeper/z"}] = plan.Seen{Branch: branch("", pull(func(p *forge.PullRequest) { p.OthersTouch = true }))}
			},
			want: "leave limit: 1 pull requests are open in this repository, which is its open-limit; merge or close one",
		},
		"too many were made": {
			change: func(w *world) { w.NewLimit = 0 },
			want:   "leave limit: this run has made 0 pull requests, which is its new-limit; the next run goes on",
		},
	}
	for name, tt := range tests {
		inFlavors(t, name, func(t *testing.T, f forge.Flavor, words *strings.Replacer) {
			w := newWorld()
			w.Plan.Flavor = f
			if f == forge.GitLab && tt.gitlab != "" {
				tt.want = tt.gitlab
			}
			w.Seen[debian] = tt.seen
			if tt.change != nil {
				tt.change(w)
			}
			got := w.pulls(t)
			require.Len(t, got, 1)
			assert.Equal(t, words.Replace(tt.want), story(got[0]))
			assert.Equal(t, "basekeeper/debian-12", got[0].Branch)
			assert.Equal(t, "main", got[0].Base)
			if b := tt.seen.Branch; b != nil && got[0].Step.Writes() {
				assert.Equal(t, b.Head.ID, got[0].BranchID, "a write must know what it replaces")
			}
		})
	}
}

// inFlavors runs a test for each forge, with what makes GitHub's words its own.
func inFlavors(t *testing.T, name string, test func(t *testing.T, f forge.Flavor, words *strings.Replacer)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { test(t, forge.GitHub, strings.NewReplacer()) })
	t.Run(name+", GitLab", func(t *testing.T) {
		test(t, forge.GitLab, strings.NewReplacer("pull request", "merge request", "#7", "!7"))
	})
}

func wanted(t testing.TB) []scan.Occurrence { t.Helper(); return at(t, main, "Dockerfile", wantedFile) }

func story(p plan.Pull) string {
	s := strings.TrimSpace(fmt.Sprintf("%s %s", p.Step, p.Why))
	if p.Reason != "" {
		s += ": " + p.Reason
	}
	return s
}

func TestWhatIsLeft(t *testing.T) {
	current := func(w *world) { w.files[main] = []string{"Dockerfile", "FROM debian:12@B\n"} }
	held := func(code plan.Code) func(*world) {
		return func(w *world) {
			w.files[main] = []string{"x", "FROM scratch\n"}
			w.holds = []plan.Hold{{Repository: "acme/app", Branch: "main", Image: "docker.io/library/debian", Tag: "12", Code: code, Reason: "because"}}
		}
	}
	tests := map[string]struct {
		pull   *forge.PullRequest
		change func(*world)
		want   []string
	}{
		"up to date":             {pull(), current, []string{"close: every pin that it was about is up to date, or gone"}},
		"the file is gone":       {pull(), func(w *world) { w.files[main] = nil }, []string{"close: every pin that it was about is up to date, or gone"}},
		"ignored now":            {pull(), held(plan.Ignored), []string{"close: because"}},
		"no change any more":     {pull(), held(plan.NoChange), []string{"close: because"}},
		"cooling down":           {pull(), held(plan.Cooldown), []string{"leave waiting: because"}},
		"a platform is missing":  {pull(), held(plan.MissingPlatform), []string{"leave waiting: because"}},
		"the registry failed":    {pull(), held(plan.Failed), []string{"leave waiting: because"}},
		"the registry denied":    {pull(), held(plan.Denied), []string{"leave waiting: because"}},
		"a person's commit":      {pull(func(p *forge.PullRequest) { p.OthersTouch = true }), current, nil},
		"a second commit":        {pull(func(p *forge.PullRequest) { p.Commits = 2 }), current, nil},
		"somebody else's":        {pull(func(p *forge.PullRequest) { p.Mine = false }), current, nil},
		"from a fork":            {pull(func(p *forge.PullRequest) { p.Foreign = true }), current, nil},
		"for an unread branch":   {pull(func(p *forge.PullRequest) { p.Base = "dev" }), current, nil},
		"no pull request at all": {nil, current, nil},
		"a file is unreadable": {pull(), func(w *world) {
			current(w)
			w.Plan.Problems = []scan.Problem{{Repository: "acme/app", Branch: "main", Path: "x"}}
		}, nil},
		"the run is about another image": {pull(), func(w *world) { current(w); w.Only = ref(t, "alpine:3") }, nil},
		"the run is about this image": {pull(), func(w *world) { current(w); w.Only = ref(t, "debian:12") },
			[]string{"close: every pin that it was about is up to date, or gone"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.Seen[debian] = plan.Seen{Branch: branch(debian.Name, tt.pull)}
			tt.change(w)
			var got []string
			for _, p := range w.pulls(t) {
				got = append(got, story(p))
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestPullRequestsAreGrouped(t *testing.T) {
	release := plan.Branch{Repository: "acme/app", Name: "release/1"}
	build := func(grouped bool) []string {
		w := newWorld()
		w.Grouped = func(string, image.Reference) bool { return grouped }
		w.files[main] = []string{"a/Dockerfile", "FROM debian:12@A\nFROM alpine:3@A\n", "b/Dockerfile", "FROM debian:12@A\n"}
		w.files[release] = []string{"Dockerfile", "FROM debian:12@A\n"}
		w.Targets = append(w.Targets, plan.Target{Branch: release, Head: "base9"})
		var got []string
		for _, p := range w.pulls(t) {
			got = append(got, fmt.Sprintf("%s <- %s: %d bumps from %s", p.Base, p.Branch, len(p.Bumps), p.BaseID))
		}
		return got
	}
	assert.ElementsMatch(t, []string{
		"main <- basekeeper/debian-12: 1 bumps from base1", "main <- basekeeper/alpine-3: 1 bumps from base1",
		"release/1 <- " + forge.BranchName("debian:12", "release/1") + ": 1 bumps from base9",
	}, build(false))
	assert.ElementsMatch(t, []string{
		"main <- basekeeper/all: 2 bumps from base1", "release/1 <- " + forge.BranchName("", "release/1") + ": 1 bumps from base9",
	}, build(true))
}

func TestLimitsGoToTheFirst(t *testing.T) {
	w := newWorld()
	w.files[main] = []string{"Dockerfile", "FROM debian:12@A\nFROM alpine:3@A\n"}
	w.NewLimit = 1
	var steps []plan.Step
	for _, p := range w.pulls(t) {
		steps = append(steps, p.Step)
	}
	assert.Equal(t, []plan.Step{plan.Create, plan.Leave}, steps)

	w.NewLimit, w.OpenLimit = 5, func(string) int { return 1 }
	old := plan.Branch{Repository: "acme/app", Name: "basekeeper/redis-7"}
	w.Seen[old] = plan.Seen{Branch: branch(old.Name, pull())}
	steps = nil
	for _, p := range w.pulls(t) {
		steps = append(steps, p.Step)
	}
	assert.Equal(t, []plan.Step{plan.Create, plan.Leave, plan.Close}, steps, "one that is closed makes room")
}

func TestAGonePinWaitsForNoWindow(t *testing.T) {
	w := newWorld()
	w.Open = func(string, image.Reference) bool { return false }
	w.pulls(t)
	w.Plan.Bumps[0].Gone = true
	got := w.Decide(w.Wanted())
	require.Len(t, got, 1)
	assert.Equal(t, plan.Create, got[0].Step)
}
