package bump

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// gathering is a run while its facts come in.
type gathering struct {
	Remote
	run     *Run
	skipped []forge.Skipped
	skips   []plan.Skip

	admitted []string   // names of projects, in the order of the listing
	readings []*reading // of the targets
}

// read reads the default branches, then the other branches that
// configurations name.
func (g *gathering) read(ctx context.Context, found []forge.Repository) error {
	var defaults []*reading
	for _, r := range found {
		if ok, reason := g.Config.Repositories.Match(r); !ok {
			g.run.LeftOut[reason]++
			continue
		}
		defaults = append(defaults, &reading{repository: r, branch: r.DefaultBranch, commit: r.Head, own: true})
	}
	if err := g.readAll(ctx, defaults, g.admit); err != nil {
		return err
	}
	others, err := g.releaseLines(ctx)
	if err != nil {
		return err
	}
	return g.readAll(ctx, others, g.add)
}

// admit takes a repository into the run whose default branch was read, unless
// its own configuration is broken or says no.
func (g *gathering) admit(r *reading) {
	name := r.repository.Name
	if r.err != nil {
		g.skip(forge.Skipped{Name: name, Err: r.err})
		return
	}
	c := g.Config
	if r.head.ConfigName != "" {
		own, err := config.Parse(r.head.ConfigName, r.head.Config)
		if err != nil {
			g.skip(forge.Skipped{Name: name, Err: err})
			return
		}
		if !own.Enabled() {
			g.skips = append(g.skips, plan.Skip{Repository: name, Reason: "its own configuration says enabled: false" + g.staying(r.repository)})
			return
		}
		if g.Given {
			c = c.Narrow(own)
		} else {
			c = own.Own()
		}
	}
	g.run.projects[name] = &project{Repository: r.repository, config: c, own: r.head.ConfigName != "", unsure: r.head.ConfigName == "" && len(r.head.Problems) > 0}
	g.admitted = append(g.admitted, name)
	if c.OnBranch(r.branch, true) {
		g.add(r)
	}
}

// staying names the pull requests of ours that stay open in a repository that is
// left alone.
func (g *gathering) staying(r forge.Repository) string {
	var open []string
	for _, b := range r.Branches {
		if b.Pull != nil && b.Pull.Mine && !b.Pull.Foreign {
			open = append(open, g.Flavor.Number(b.Pull.Number))
		}
	}
	if len(open) == 0 {
		return ""
	}
	return fmt.Sprintf("; left open: %s %s", g.Flavor.Noun(), strings.Join(open, ", "))
}

// add takes a branch that was read into the run.
func (g *gathering) add(r *reading) {
	if r.err != nil {
		g.skip(forge.Skipped{Name: r.repository.Name + ", branch " + r.branch, Err: r.err})
		return
	}
	p := g.run.projects[r.repository.Name]
	p.targets = append(p.targets, plan.Target{
		Branch: plan.Branch{Repository: p.Name, Name: r.branch}, Head: r.commit, Default: r.branch == p.DefaultBranch,
	})
	g.readings = append(g.readings, r)
}

func (g *gathering) skip(s forge.Skipped) { g.skipped = append(g.skipped, s) }

// releaseLines returns the branches besides the default ones that the
// configurations name.
func (g *gathering) releaseLines(ctx context.Context) ([]*reading, error) {
	var refs []forge.Ref
	for _, name := range g.admitted {
		p := g.run.projects[name]
		names, err := g.baseBranches(ctx, p)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			g.skip(forge.Skipped{Name: p.Name + ", base-branches", Err: err})
			continue
		}
		for _, name := range names {
			refs = append(refs, forge.Ref{Repository: p.Repository, Branch: name})
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	heads, err := g.Forge.Heads(ctx, refs)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		g.skip(forge.Skipped{Name: "base-branches", Err: err}) // of some; the others are there
	}
	var all []*reading
	for i, ref := range refs {
		if i < len(heads) && heads[i] != "" {
			all = append(all, &reading{repository: ref.Repository, branch: ref.Branch, commit: heads[i]})
		}
	}
	return all, nil
}

// baseBranches returns the names that the configuration gives; where one is a
// pattern, the forge is asked for the branches that there are.
func (g *gathering) baseBranches(ctx context.Context, p *project) ([]string, error) {
	globs := p.config.BaseBranches
	pattern := func(b config.Glob) bool { return strings.ContainsAny(b.String(), `*?[\`) }
	if len(globs) == 0 {
		return nil, nil
	}
	var names []string
	if slices.ContainsFunc(globs, pattern) {
		var err error
		names, err = g.Forge.Matching(ctx, p.Repository, func(name string) bool {
			return p.config.OnBranch(name, false)
		})
		if err != nil {
			return nil, err
		}
	} else {
		for _, b := range globs {
			names = append(names, b.String())
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return name == p.DefaultBranch || name == config.DefaultBranch || strings.HasPrefix(name, forge.BranchPrefix)
	})
	slices.Sort(names)
	return slices.Compact(names), nil
}

// decide resolves what was read and makes the plan.
func (g *gathering) decide(ctx context.Context) (plan.Plan, error) {
	facts := plan.Facts{Policy: g.policy(), Now: g.Now}
	slices.SortStableFunc(g.readings, func(a, b *reading) int { return strings.Compare(a.repository.Name, b.repository.Name) })
	r := g.resolving(ctx)
	for _, one := range g.readings {
		one.name(g.run.projects[one.repository.Name].config, g.Only)
		r.want(plan.Wanted(one.head.Occurrences, facts.Policy))
	}
	facts.Occurrences, facts.Problems = g.joined()
	var err error
	if facts.Tags, err = r.wait(); err != nil {
		return plan.Plan{}, err
	}
	if err := g.superseded(ctx, &facts); err != nil {
		return plan.Plan{}, err
	}
	if err := g.inspect(ctx, &facts); err != nil {
		return plan.Plan{}, err
	}
	p := plan.Decide(facts)
	p.Forge, p.Flavor, p.Skips = true, g.Flavor, g.skips
	for _, s := range g.skipped {
		p.Skips = append(p.Skips, skipOf(s))
	}
	slices.SortStableFunc(p.Skips, func(a, b plan.Skip) int { return strings.Compare(a.Repository, b.Repository) })
	return p, nil
}

// joined returns what was read in one piece. The readings keep no copy: there
// may be a hundred thousand occurrences.
func (g *gathering) joined() ([]scan.Occurrence, []scan.Problem) {
	n := 0
	for _, r := range g.readings {
		n += len(r.head.Occurrences)
	}
	occurrences := make([]scan.Occurrence, 0, n)
	var problems []scan.Problem
	for _, r := range g.readings {
		at := len(occurrences)
		occurrences = append(occurrences, r.head.Occurrences...)
		r.head.Occurrences = occurrences[at:len(occurrences):len(occurrences)]
		problems = append(problems, r.head.Problems...)
	}
	return occurrences, problems
}

func skipOf(s forge.Skipped) plan.Skip {
	skip := plan.Skip{Repository: s.Name, Reason: s.Err.Error(), Failed: true}
	if errors.Is(s.Err, forge.ErrLimited) {
		skip.Reason = fmt.Sprintf("%s; the next run goes on", skip.Reason)
	}
	return skip
}

// policy is each repository's own, asked once for each image. Those without a
// configuration of their own have the same.
func (g *gathering) policy() plan.PolicyFunc {
	type key struct {
		project *project // nil for those that have the run's
		ref     image.Reference
	}
	known := map[key]config.Policy{}
	return func(repository string, ref image.Reference) config.Policy {
		project, k := g.run.projects[repository], key{ref: ref}
		if project.own {
			k.project = project
		}
		p, ok := known[k]
		if !ok {
			p = project.config.Policy(ref)
			p.EveryDigest = p.EveryDigest || g.EveryDigest
			known[k] = p
		}
		return p
	}
}
