package bump

import (
	"context"
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// Reload looks at the forge again for a plan that was saved, so that Apply can
// carry it out. A pull request whose branch is not what the plan saw is left,
// with a reason that says to plan again.
func (f Remote) Reload(ctx context.Context, p plan.Plan) (Run, error) {
	run := newRun()
	if p.Flavor != f.Flavor {
		return run, fmt.Errorf("the plan is for %s and this run is for %s: give the same forge to both", p.Flavor, f.Flavor)
	}
	run.Plan = p
	run.Plan.Pulls = slices.Clone(p.Pulls)
	scope := forge.Scope{BranchPrefix: forge.BranchPrefix}
	for _, q := range p.Pulls {
		if q.Step.Writes() && !slices.Contains(scope.Names, q.Repository) {
			scope.Names = append(scope.Names, q.Repository)
		}
	}
	if len(scope.Names) == 0 {
		return run, nil
	}
	found, skipped, err := f.Forge.Repositories(ctx, scope)
	if err != nil {
		return run, err
	}
	for _, r := range found {
		run.projects[r.Name] = &project{Repository: r}
		for i := range r.Branches {
			run.seen[plan.Branch{Repository: r.Name, Name: r.Branches[i].Name}] = plan.Seen{Branch: &r.Branches[i]}
		}
	}
	if err := f.reloadHeads(ctx, run); err != nil {
		return run, err
	}
	for i := range run.Plan.Pulls {
		if q := &run.Plan.Pulls[i]; q.Step.Writes() {
			run.recheck(q, skipped)
		}
	}
	return run, nil
}

// reloadHeads asks where the base branches point now.
func (f Remote) reloadHeads(ctx context.Context, run Run) error {
	var refs []forge.Ref
	for _, q := range run.Plan.Pulls {
		if project, ok := run.projects[q.Repository]; ok && q.Step.Writes() {
			ref := forge.Ref{Repository: project.Repository, Branch: q.Base}
			if !slices.ContainsFunc(refs, func(r forge.Ref) bool { return r.Repository.Name == q.Repository && r.Branch == q.Base }) {
				refs = append(refs, ref)
			}
		}
	}
	heads, err := f.Forge.Heads(ctx, refs)
	if err != nil {
		return fmt.Errorf("ask for the base branches: %w", err)
	}
	for i, ref := range refs {
		project := run.projects[ref.Repository.Name]
		project.targets = append(project.targets, plan.Target{
			Branch: plan.Branch{Repository: ref.Repository.Name, Name: ref.Branch}, Head: heads[i], Default: ref.Branch == project.DefaultBranch,
		})
	}
	return nil
}

// recheck leaves a pull request that is not what the plan saw. Whether its
// files are, is seen when they are read.
func (r Run) recheck(q *plan.Pull, skipped []forge.Skipped) {
	stale := func(what string) {
		q.Step, q.Why, q.Reason = plan.Leave, plan.Unread, what+"; run basekeeper plan again"
	}
	if _, ok := r.projects[q.Repository]; !ok {
		what := "the repository is not to be found"
		if i := slices.IndexFunc(skipped, func(s forge.Skipped) bool { return s.Name == q.Repository }); i >= 0 {
			what = skipped[i].Err.Error()
		}
		stale(what)
		return
	}
	var head string
	number := 0
	if b := r.seen[plan.Branch{Repository: q.Repository, Name: q.Branch}].Branch; b != nil {
		head = b.Head.ID
		if b.Pull != nil {
			number = b.Pull.Number
		}
	}
	switch {
	case r.head(*q) == "":
		stale("the branch " + q.Base + " is gone")
	case head != q.BranchID:
		stale("the branch " + q.Branch + " has changed since the plan")
	case number != q.Number && (number != 0 || q.Step != plan.Create):
		stale("the pull request of the plan is not there any more")
	}
}
