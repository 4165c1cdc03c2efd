package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
)

// Decide says what is to be done about the pull requests that Wanted returned,
// and about those that are open and not wanted any more, which come last. The
// limits are given to those that come first.
func (f PullFacts) Decide(wanted []Pull) []Pull {
	pulls := slices.Clone(wanted)
	is := make(map[Branch]bool, len(pulls))
	for i := range pulls {
		is[Branch{pulls[i].Repository, pulls[i].Branch}] = true
		f.decide(&pulls[i])
	}
	left := f.left(is, pulls)
	f.limit(pulls, left)
	return append(pulls, left...)
}

// decide looks at one pull request by itself.
func (f PullFacts) decide(p *Pull) {
	seen := f.Seen[Branch{p.Repository, p.Branch}]
	switch b := seen.Branch; {
	case b != nil && b.Pull != nil:
		p.see(b)
		f.open(p, seen)
	case seen.Unread != "":
		p.leave(Unread, seen.Unread)
	case seen.declined(f.content(*p)):
		p.Number, p.URL = seen.Closed.Number, seen.Closed.URL
		p.leave(Declined, fmt.Sprintf("%s, which made the same change, was closed unmerged; the next digest is proposed again", f.Plan.Flavor.Number(seen.Closed.Number)))
	case b != nil && !b.Head.Mine && !seen.Behind:
		p.BranchID = b.Head.ID
		p.leave(Edited, fmt.Sprintf("the branch %s has commits that are not basekeeper's; delete it to have a %s", p.Branch, f.Plan.Flavor.Noun()))
	case !f.inWindow(*p):
		p.leave(Outside, "outside of the schedule's windows")
	default:
		p.Step = Create
		if b != nil {
			p.BranchID = b.Head.ID
		}
	}
}

// see takes over what is known of an open pull request.
func (p *Pull) see(b *forge.Branch) {
	p.BranchID, p.Number, p.URL = b.Head.ID, b.Pull.Number, b.Pull.URL
}

func (p *Pull) leave(why Why, reason string) { p.Step, p.Why, p.Reason = Leave, why, reason }

// open decides about a pull request that is there.
func (f PullFacts) open(p *Pull, seen Seen) {
	pull, number := seen.Branch.Pull, f.Plan.Flavor.Number(p.Number)
	switch {
	case !pull.Mine || pull.Foreign:
		p.leave(Taken, fmt.Sprintf("%s comes from this branch and is not basekeeper's", number))
		return
	case pull.OthersTouch || pull.Commits > 1: // we make one; the account's owner may have added to it
		p.leave(Edited, fmt.Sprintf("%s has commits that are not basekeeper's", number))
		if !seen.Hint.HandsOff {
			p.Step = Note
		}
		return
	case pull.Base != p.Base:
		p.leave(Edited, fmt.Sprintf("%s was pointed at another branch, %s", number, pull.Base))
		return
	case seen.Unread != "":
		p.leave(Unread, seen.Unread)
		return
	}
	reason := f.outdated(*p, seen)
	switch {
	case reason == "" && f.Plan.Repairs(*p) && (pull.AutoMerge || !seen.Hint.Gone):
		p.Step, p.Reason = Finish, "the registry no longer has a digest that it replaces: it says so, and is for a person to merge"
	case reason == "" && seen.Hint.Begun && f.Plan.Flavor == forge.GitLab:
		p.Step = Keep
		if !pull.AutoMerge && !pull.Draft { // all the rest comes with it, and no draft can have automerge
			p.Step, p.Reason = Finish, "its automerge is still to come"
		}
	case reason == "" && seen.Hint.Begun:
		p.Step, p.Reason = Finish, "the run that made it was cut off"
	case reason == "":
		p.Step = Keep
	case !f.inWindow(*p):
		p.leave(Outside, "outside of the schedule's windows: "+reason)
	default:
		p.Step, p.Reason = Update, reason
	}
}

// outdated says why an open pull request of ours is not as it should be; empty
// where it is. That the base branch went on is no reason.
func (f PullFacts) outdated(p Pull, seen Seen) string {
	switch {
	case !f.content(p).carriedBy(seen.Content):
		return "it does not make the change that is wanted now"
	case seen.Hint.Digests != nil && !maps.Equal(seen.Hint.Digests, f.digests(p)):
		return "it makes changes that are not wanted any more"
	case seen.Branch.Pull.Conflicting:
		return "it conflicts with " + p.Base
	case seen.Hint.Refresh:
		return "a person asked for it"
	}
	return ""
}

// digests is where the pull request moves each image.
func (f PullFacts) digests(p Pull) map[string]image.Digest {
	all := map[string]image.Digest{}
	for _, i := range p.Bumps {
		b := f.Plan.Bumps[i]
		all[b.Ref().String()] = b.To
	}
	return all
}

// declined reports whether a person closed the same change. What basekeeper
// closed itself, because nothing was left of it, may come again.
func (s Seen) declined(wanted content) bool {
	return s.Closed != nil && !s.Ours && wanted.carriedBy(s.Then)
}

// inWindow reports whether the schedules of all that p moves are open; a pin
// that breaks builds now does not wait for them.
func (f PullFacts) inWindow(p Pull) bool {
	if f.Plan.Repairs(p) {
		return true
	}
	open := true
	for _, i := range p.Bumps {
		b := f.Plan.Bumps[i]
		open = open && f.Open(b.Repository, b.Ref())
	}
	return open
}

// limit leaves pull requests unmade that would be too many.
func (f PullFacts) limit(pulls, left []Pull) {
	open := map[string]int{}
	for branch, seen := range f.Seen {
		if seen.Branch != nil && seen.Branch.Pull != nil && seen.Branch.Pull.Mine {
			open[branch.Repository]++
		}
	}
	for _, p := range left {
		if p.Step == Close {
			open[p.Repository]--
		}
	}
	made := 0
	for i := range pulls {
		p := &pulls[i]
		if p.Step != Create {
			continue
		}
		switch most := f.OpenLimit(p.Repository); {
		case open[p.Repository] >= most:
			p.leave(Limited, fmt.Sprintf("%d %ss are open in this repository, which is its open-limit; merge or close one", open[p.Repository], f.Plan.Flavor.Noun()))
		case made >= f.NewLimit:
			p.leave(Limited, fmt.Sprintf("this run has made %d %ss, which is its new-limit; the next run goes on", made, f.Plan.Flavor.Noun()))
		default:
			open[p.Repository]++
			made++
		}
	}
}

// left decides about the open pull requests that nothing is wanted from any
// more, in the order of their names.
func (f PullFacts) left(is map[Branch]bool, wanted []Pull) []Pull {
	targets, dropped := byBranch(f.Targets), byBranch(f.Dropped)
	keeps, broken := f.holds(targets)
	var left []Pull
	for branch, seen := range f.Seen {
		b := seen.Branch
		if is[branch] || b == nil || b.Pull == nil || !b.Pull.Mine || b.Pull.Foreign || b.Pull.OthersTouch || b.Pull.Commits > 1 {
			continue
		}
		base := Branch{branch.Repository, b.Pull.Base}
		target, read := targets[base]
		drop, off := dropped[base]
		p := Pull{Repository: branch.Repository, Base: base.Name, BaseID: target.Head, Branch: branch.Name, Bumps: []int{}}
		p.see(b)
		h, held := keeps[branch]
		elsewhere := f.elsewhere(target, branch.Name, seen.Hint, wanted)
		switch {
		case off && f.Only.IsZero() && f.madeFor(drop, branch.Name, seen.Hint):
			p.Step, p.Reason = Close, base.Name+" is not among the base-branches any more"
		case !read || broken[target.Branch] || !f.about(target, branch.Name):
			continue
		case held && h.Code.ends():
			p.leave(Waiting, h.Reason)
		case elsewhere != "":
			p.Step, p.Reason = Close, elsewhere
		case held:
			p.Step, p.Reason = Close, h.Reason
		default:
			p.Step, p.Reason = Close, "every pin that it was about is up to date, or gone"
		}
		left = append(left, p)
	}
	slices.SortFunc(left, func(a, b Pull) int {
		return strings.Compare(a.Repository+"\x00"+a.Branch, b.Repository+"\x00"+b.Branch)
	})
	return left
}

// about reports whether this run may judge a branch: one that is about a
// single image sees nothing of the others.
func (f PullFacts) about(t Target, branch string) bool {
	return f.Only.IsZero() || branch == f.branchName(t, f.Only) && !f.Grouped(t.Repository, f.Only)
}

// holds returns for each branch a hold of what its pull request would be
// about, one that may end before one that stays, and the targets of which
// something could not be read.
func (f PullFacts) holds(targets map[Branch]Target) (keeps map[Branch]Hold, broken map[Branch]bool) {
	keeps, broken = map[Branch]Hold{}, map[Branch]bool{}
	for _, h := range f.Plan.Holds {
		target, ok := targets[Branch{h.Repository, h.Branch}]
		ref, err := image.ParseReference(h.Image)
		if !ok || err != nil {
			continue
		}
		ref = ref.Tagged(h.Tag)
		for _, branch := range []string{f.branchName(target, ref), forge.BranchName(ref.Familiar(), target.base())} { // it may have been grouped since
			name := Branch{h.Repository, branch}
			if known, ok := keeps[name]; !ok || !known.Code.ends() {
				keeps[name] = h
			}
		}
	}
	for _, p := range f.Plan.Problems {
		broken[Branch{p.Repository, p.Branch}] = true
	}
	return keeps, broken
}

// ends reports whether a hold of this class may end by itself, so that what
// was begun should wait for it.
func (c Code) ends() bool {
	switch c {
	case Cooldown, MissingPlatform, Shared, NotEditable:
		return true
	}
	return c.Trouble()
}
