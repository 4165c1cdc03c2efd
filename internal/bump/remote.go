package bump

import (
	"context"
	"time"

	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// lister finds repositories and their branches.
type lister interface {
	Repositories(ctx context.Context, scope forge.Scope) ([]forge.Repository, []forge.Skipped, error)
	Heads(ctx context.Context, refs []forge.Ref) ([]string, error)
	Matching(ctx context.Context, repository forge.Repository, match func(name string) bool) ([]string, error)
}

// namer finds branches by name, without their pull requests, nil for one that
// is not there. It is what a forge has that lists only a part of them.
type namer interface {
	Branches(ctx context.Context, refs []forge.Ref) ([]*forge.Branch, error)
}

// reader reads what is in them.
type reader interface {
	Trees(ctx context.Context, at []forge.Commitish) []forge.Tree
	Files(ctx context.Context, wanted []forge.Wanted) ([]forge.File, error)
	Closed(ctx context.Context, refs []forge.Ref) ([]*forge.PullRequest, error)
}

// writer changes pull requests; each method is one step that is done or not.
type writer interface {
	Propose(ctx context.Context, p forge.Proposal) (forge.Proposed, error)
	Close(ctx context.Context, repository forge.Repository, pull forge.PullRequest, commit, body, comment string) error
	Note(ctx context.Context, repository forge.Repository, pull forge.PullRequest, body, comment string) error
}

// Forge is all that a run over a forge's repositories asks of it.
type Forge interface {
	lister
	reader
	writer
}

// heads remembers what was read of branches.
type heads interface {
	Head(repository, branch, commit, reader string) (cache.Head, bool)
	PutHead(repository, branch string, h cache.Head)
}

// details tells what a reviewer wants to know about an image.
type details interface {
	Details(ctx context.Context, ref image.Reference) (image.Details, error)
}

// Remote is a run over repositories of a forge, which changes them by pull
// requests.
type Remote struct {
	Flow
	Forge   Forge
	Flavor  forge.Flavor // of the forge
	Home    string       // the forge's address, https://git.corp.example: sources there are linked as on its own kind
	Heads   heads
	Details details         // what pull requests say about images; nil for nothing
	Config  config.Config   // of the run; each repository's own narrows it
	Given   bool            // there is a Config; where there is none, each repository's own counts
	Scope   forge.Scope     // where the repositories are
	Only    image.Reference // the run is about this image's tag alone; zero for all

	EveryDigest bool // bump though nothing changed for the platforms that matter

	// Zone returns the time zone of that name; the error is the user's mistake.
	Zone func(name string) (*time.Location, error)
}

// project is a repository of the run.
type project struct {
	forge.Repository
	config  config.Config // the run's, narrowed by its own
	own     bool          // it has one of its own
	unsure  bool          // or may have: not all of its default branch could be read
	targets []plan.Target
}

// Run is a plan for repositories of a forge, with what it was made from, so
// that it can be carried out at once.
type Run struct {
	Plan     plan.Plan
	LeftOut  map[string]int // how many repositories the filters left out, by reason
	projects map[string]*project
	seen     map[plan.Branch]plan.Seen
	details  map[image.Reference]*image.Details // by digest; nil for what could not be learned
}

func newRun() Run {
	return Run{
		projects: map[string]*project{}, LeftOut: map[string]int{},
		seen: map[plan.Branch]plan.Seen{}, details: map[image.Reference]*image.Details{},
	}
}

// Plan looks at the forge and the registries and says what to do; it changes
// nothing. What failed is part of the plan; the error is the context's, or
// that of a forge that cannot be asked at all.
func (f Remote) Plan(ctx context.Context) (Run, error) {
	run := newRun()
	found, skipped, err := f.Forge.Repositories(ctx, f.Scope)
	if err != nil {
		return run, err
	}
	g := &gathering{Remote: f, run: &run, skipped: skipped}
	if err := g.read(ctx, found); err != nil {
		return run, err
	}
	if run.Plan, err = g.decide(ctx); err != nil {
		return run, err
	}
	if err := g.pulls(ctx); err != nil {
		return run, err
	}
	return run, nil
}
