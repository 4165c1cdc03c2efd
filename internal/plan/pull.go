package plan

import (
	"slices"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// Pull is a pull request for bumps of one branch of a repository, and what is
// to be done about it.
type Pull struct {
	Repository string `json:"repository"`
	Base       string `json:"base"`               // branch that it is to be merged into
	BaseID     string `json:"baseId"`             // commit of Base that was read
	Branch     string `json:"branch"`             // that it comes from
	BranchID   string `json:"branchId,omitempty"` // commit seen at Branch; empty where there was no such branch
	Bumps      []int  `json:"bumps"`              // by their index in the plan
	Number     int    `json:"number,omitempty"`   // of the pull request that is there
	URL        string `json:"url,omitempty"`
	Step       Step   `json:"step"`
	Why        Why    `json:"why,omitempty"`    // why it is left alone, for programs
	Reason     string `json:"reason,omitempty"` // of the step, for people

	// How it looks, where it is made or moved on.
	Title     string   `json:"title,omitempty"`
	Message   string   `json:"message,omitempty"` // of the commit
	Labels    []string `json:"labels,omitempty"`
	Reviewers []string `json:"reviewers,omitempty"`
	Assignees []string `json:"assignees,omitempty"`
	Draft     bool     `json:"draft,omitempty"`
	AutoMerge string   `json:"autoMerge,omitempty"` // how the forge merges it when it may; empty for never
}

// Step is what is to be done about a pull request.
type Step string

// The steps of a pull request's life.
const (
	Create Step = "create" // there is none yet
	Update Step = "update" // its branch is replaced by the wanted content
	Finish Step = "finish" // its content is right; labels, reviewers or automerge are still to come, or automerge is to be taken back
	Keep   Step = "keep"   // it is as it should be
	Close  Step = "close"  // nothing is left of it
	Note   Step = "note"   // say once that it is left alone
	Leave  Step = "leave"  // it is left alone, or not made; Why and Reason say why
)

// Writes reports whether the step changes anything on the forge.
func (s Step) Writes() bool { return s != Keep && s != Leave }

// Why classes the reasons to leave a pull request alone or unmade.
type Why string

// The reasons.
const (
	Declined Why = "declined" // a person closed the same change unmerged
	Edited   Why = "edited"   // a person's commits are on the branch
	Taken    Why = "taken"    // the branch or its pull request is not ours
	Limited  Why = "limit"    // of open or of new pull requests
	Outside  Why = "schedule" // outside of the schedule's windows
	Waiting  Why = "waiting"  // its image is held, which may end
	Unread   Why = "unread"   // the forge did not say what there is
)

// Branch names a branch of a repository.
type Branch struct{ Repository, Name string }

// Target is a branch that was read, and that bumps are made for.
type Target struct {
	Branch
	Head    string // commit
	Default bool   // it is its repository's default branch
}

// Seen is what the forge shows about a branch that pull requests of ours come
// from. Content is what its files say that the pull request is about.
type Seen struct {
	Branch  *forge.Branch      // nil where there is none
	Content []scan.Occurrence  // at the branch's head
	Behind  bool               // the branch holds nothing that the base does not
	Closed  *forge.PullRequest // the newest that was closed unmerged; nil for none
	Then    []scan.Occurrence  // at the closed one's head
	Hint    Hint               // what our own text in the open pull request says
	Unread  string             // why part of this could not be learned; empty where all of it was
	Ours    bool               // Closed was closed by basekeeper itself
}

// Hint is what the hidden text in a pull request's body says. Anyone with
// write access can change it: it may cost a needless write, never more.
type Hint struct {
	Digests  map[string]image.Digest // by image and tag; nil where nothing is said
	HandsOff bool                    // the note that it is left alone is there already
	Refresh  bool                    // a person asked for the branch to be made anew
	Begun    bool                    // the run that made it ended before it had labels, reviewers and the rest
	Gone     bool                    // that a digest it replaces is gone is said there already
}

// Repairs reports whether the registry no longer has a digest that q replaces.
// Such a pull request is for a person to merge.
func (p Plan) Repairs(q Pull) bool {
	return slices.ContainsFunc(q.Bumps, func(i int) bool { return p.Bumps[i].Gone })
}

// PullFacts is all that decisions about pull requests are made from.
type PullFacts struct {
	Plan        Plan
	Occurrences map[Branch][]scan.Occurrence
	Targets     []Target
	Dropped     []Target // branches that have pull requests and, by the configuration, are to have none
	Seen        map[Branch]Seen
	Grouped     func(repository string, ref image.Reference) bool // it shares one pull request with the repository's others
	Open        func(repository string, ref image.Reference) bool // now lies in the schedule's windows
	OpenLimit   func(repository string) int                       // of pull requests that are open at once
	NewLimit    int                                               // of pull requests that this run makes
	Only        image.Reference                                   // the run is about this image alone; zero for all
}

// Wanted groups the bumps into pull requests, in the order of the bumps. What
// is to be done about them is not decided yet.
func (f PullFacts) Wanted() []Pull {
	targets := byBranch(f.Targets)
	var pulls []Pull
	index := map[Branch]int{}
	for i, b := range f.Plan.Bumps {
		target, ok := targets[Branch{b.Repository, b.Branch}]
		if !ok {
			continue
		}
		name := Branch{b.Repository, f.branchName(target, b.Ref())}
		at, ok := index[name]
		if !ok {
			at = len(pulls)
			index[name] = at
			pulls = append(pulls, Pull{Repository: b.Repository, Base: target.Name, BaseID: target.Head, Branch: name.Name})
		}
		pulls[at].Bumps = append(pulls[at].Bumps, i)
	}
	return pulls
}

// branchName is where the bumps of ref come from: a function of names only, so
// that every run finds what another has made.
func (f PullFacts) branchName(t Target, ref image.Reference) string {
	if f.Grouped(t.Repository, ref) {
		return forge.BranchName("", t.base())
	}
	return forge.BranchName(ref.Familiar(), t.base())
}
