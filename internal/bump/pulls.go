package bump

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// pulls looks at the pull requests that there are and decides about them and
// those that are wanted.
func (g *gathering) pulls(ctx context.Context) error {
	facts := g.pullFacts()
	wanted := facts.Wanted()
	if err := g.look(ctx, facts, wanted); err != nil {
		return err
	}
	facts.Seen = g.run.seen
	g.run.Plan.Pulls = facts.Decide(wanted)
	for i := range g.run.Plan.Pulls {
		g.dress(&g.run.Plan.Pulls[i])
	}
	return nil
}

// pullFacts returns what was read and configured.
func (g *gathering) pullFacts() plan.PullFacts {
	policy := g.policy()
	facts := plan.PullFacts{
		Plan: g.run.Plan, Occurrences: map[plan.Branch][]scan.Occurrence{}, Only: g.Only, NewLimit: g.Config.NewLimit(),
		Grouped: func(repository string, ref image.Reference) bool {
			return policy(repository, ref).Group == config.GroupRepository
		},
		Open: func(repository string, ref image.Reference) bool {
			return !slices.ContainsFunc(policy(repository, ref).Schedules, func(s config.Schedule) bool { return !g.isOpen(s) })
		},
		OpenLimit: func(repository string) int { return g.run.projects[repository].config.OpenLimit() },
	}
	for _, r := range g.readings {
		facts.Occurrences[plan.Branch{Repository: r.repository.Name, Name: r.branch}] = r.head.Occurrences
	}
	for _, name := range slices.Sorted(maps.Keys(g.run.projects)) {
		if p := g.run.projects[name]; !p.Archived { // it can be looked at, and no more
			facts.Targets = append(facts.Targets, p.targets...)
			facts.Dropped = append(facts.Dropped, p.dropped()...)
		}
	}
	return facts
}

// dropped returns the branches that have pull requests of ours and that a
// repository's configuration does not name any more, if that is known.
func (p *project) dropped() []plan.Target {
	var all []plan.Target
	if p.unsure {
		return nil
	}
	for _, b := range p.Branches {
		if b.Pull != nil && b.Pull.Mine && !p.config.OnBranch(b.Pull.Base, b.Pull.Base == p.DefaultBranch) {
			all = append(all, plan.Target{Branch: plan.Branch{Repository: p.Name, Name: b.Pull.Base}, Default: b.Pull.Base == p.DefaultBranch})
		}
	}
	return all
}

// isOpen reports whether the window is open. Its time zone is one that there is:
// a configuration with another is none.
func (g *gathering) isOpen(s config.Schedule) bool {
	if s.Timezone == "" {
		return s.Open(g.Now.UTC())
	}
	zone, err := g.Zone(s.Timezone)
	return err == nil && s.Open(g.Now.In(zone))
}

// sight is a branch of which the files matter that a pull request is about.
type sight struct {
	name    plan.Branch
	project *project
	paths   []string
	key     string // under which its content is remembered
	commit  string
	then    bool // it is what a closed pull request brought
}

// sightsTogether is how many are read before their files are forgotten.
const sightsTogether = 500

// look gathers what the forge shows about the pull requests' branches: what
// the open ones hold, and whether the same was declined before.
func (g *gathering) look(ctx context.Context, facts plan.PullFacts, wanted []plan.Pull) error {
	for _, p := range g.run.projects {
		for i := range p.Branches {
			b := &p.Branches[i]
			seen := plan.Seen{Branch: b}
			if b.Pull != nil {
				seen.Hint = hint(b.Pull.Body)
			}
			g.run.seen[plan.Branch{Repository: p.Name, Name: b.Name}] = seen
		}
	}
	if err := g.lookUp(ctx, wanted); err != nil {
		return err
	}
	var sights []sight
	var asked []plan.Pull
	for _, w := range wanted {
		name := plan.Branch{Repository: w.Repository, Name: w.Branch}
		seen, project := g.run.seen[name], g.run.projects[w.Repository]
		b := seen.Branch
		if b != nil && b.Pull != nil {
			if b.Pull.Mine && !b.Pull.Foreign && !b.Pull.OthersTouch {
				sights = append(sights, sight{name, project, paths(facts.Plan, w), w.Branch, b.Head.ID, false})
			}
			continue
		}
		seen.Behind = b != nil && b.Head.ID == w.BaseID
		g.run.seen[name] = seen
		asked = append(asked, w)
	}
	closed, err := g.closed(ctx, asked)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i, w := range asked {
		if len(closed) <= i || closed[i] == nil {
			g.unread(plan.Branch{Repository: w.Repository, Name: w.Branch}, lacking(err, w.Repository))
		}
	}
	for i, pull := range closed {
		if pull == nil {
			continue
		}
		w := asked[i]
		name := plan.Branch{Repository: w.Repository, Name: w.Branch}
		seen := g.run.seen[name]
		seen.Closed, seen.Ours = pull, render.ClosedByTool(pull.Body)
		g.run.seen[name] = seen
		sights = append(sights, sight{name, g.run.projects[w.Repository], paths(facts.Plan, w), w.Branch + " closed", pull.HeadID, true})
	}
	return g.see(ctx, sights)
}

// lookUp asks for the wanted branches that the listing may have left out.
func (g *gathering) lookUp(ctx context.Context, wanted []plan.Pull) error {
	var refs []forge.Ref
	for _, w := range wanted {
		r := g.run.projects[w.Repository].Repository
		if _, listed := g.run.seen[plan.Branch{Repository: w.Repository, Name: w.Branch}]; r.Partial && !listed {
			refs = append(refs, forge.Ref{Repository: r, Branch: w.Branch})
		}
	}
	names, ok := g.Forge.(namer)
	if len(refs) == 0 || !ok {
		return nil
	}
	found, err := names.Branches(ctx, refs)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i, ref := range refs {
		name := plan.Branch{Repository: ref.Repository.Name, Name: ref.Branch}
		switch {
		case i < len(found) && found[i] != nil:
			g.run.seen[name] = plan.Seen{Branch: found[i]}
		default:
			g.unread(name, lacking(err, name.Repository))
		}
	}
	return nil
}

// closed asks for the pull requests from the same branches that were closed
// unmerged.
func (g *gathering) closed(ctx context.Context, wanted []plan.Pull) ([]*forge.PullRequest, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	refs := make([]forge.Ref, len(wanted))
	for i, w := range wanted {
		refs[i] = forge.Ref{Repository: g.run.projects[w.Repository].Repository, Branch: w.Branch}
	}
	return g.Forge.Closed(ctx, refs)
}

// see reads what the branches hold, as far as the pull requests are about it.
func (g *gathering) see(ctx context.Context, sights []sight) error {
	var open []sight
	for _, s := range sights {
		if h, ok := g.Heads.Head(s.name.Repository, s.key, s.commit, sightReader(s.paths)); ok {
			g.saw(s, h.Occurrences)
			continue
		}
		open = append(open, s)
	}
	for some := range slices.Chunk(open, sightsTogether) {
		if err := g.readSights(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// readSights reads a few of them.
func (g *gathering) readSights(ctx context.Context, sights []sight) error {
	var wanted []forge.Wanted
	for _, s := range sights {
		for _, path := range s.paths {
			wanted = append(wanted, forge.Wanted{Repository: s.project.Repository, Commit: s.commit, Path: path})
		}
	}
	files, err := g.Forge.Files(ctx, wanted)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, s := range sights {
		if err != nil {
			g.unread(s.name, err)
			continue
		}
		g.saw(s, g.scanSight(s, files[:len(s.paths)]))
		files = files[len(s.paths):]
	}
	return nil
}

// saw notes what a branch holds.
func (g *gathering) saw(s sight, content []scan.Occurrence) {
	seen := g.run.seen[s.name]
	if s.then {
		seen.Then = content
	} else {
		seen.Content = content
	}
	g.run.seen[s.name] = seen
}

// scanSight scans the files of a sight and remembers them.
func (g *gathering) scanSight(s sight, files []forge.File) []scan.Occurrence {
	var all []scan.Occurrence
	for _, file := range files {
		switch {
		case errors.Is(file.Err, fs.ErrNotExist) || errors.Is(file.Err, forge.ErrContent):
			continue
		case file.Err != nil:
			g.unread(s.name, file.Err)
			return nil
		}
		occurrences, _ := scan.File(scan.Source{Path: file.Path, Blob: file.Blob, Content: file.Content})
		all = append(all, occurrences...)
	}
	g.Heads.PutHead(s.name.Repository, s.key, cache.Head{Commit: s.commit, Reader: sightReader(s.paths), Occurrences: all})
	return all
}

// sightReader says what was read of a branch: these files only.
func sightReader(paths []string) string {
	sum := sha256.Sum256([]byte(strings.Join(paths, "\x00")))
	return fmt.Sprintf("scan %d of %x", scan.Version, sum[:8])
}

// paths returns the files that a pull request is about, sorted.
func paths(p plan.Plan, pull plan.Pull) []string {
	var all []string
	for _, i := range pull.Bumps {
		for _, e := range p.Bumps[i].Edits {
			all = append(all, e.Path)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
