package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
)

// options says what the inputs do as flags would.
func (s *step) options() options {
	opts := options{
		dirs:  []string{filepath.Join(s.workspace.Name(), filepath.FromSlash(s.in.Directory))},
		cache: filepath.Join(s.workspace.Name(), filepath.FromSlash(s.in.CacheFile)), format: "table", verify: s.in.Verify,
	}
	if s.in.Config != "" {
		opts.config = filepath.Join(s.workspace.Name(), filepath.FromSlash(s.in.Config))
	}
	if s.decision.Untrusted {
		opts.cache, opts.config = "none", "" // both could be an outsider's
	}
	return opts
}

// runLocal checks or bumps the files of the workspace.
func (s *step) runLocal(ctx context.Context) (stepResult, error) {
	opts := s.options()
	w, limits, err := s.openFiles(ctx, opts)
	if err != nil {
		return stepResult{}, err
	}
	p, asked, err := s.planFiles(ctx, opts, w, limits)
	if err != nil {
		return stepResult{}, err
	}
	if err := s.printPlan(p); err != nil {
		return stepResult{}, err
	}
	result := stepResult{plan: &p, code: planStatus(p), requests: asked}
	if s.decision.Command != job.Bump || s.in.DryRun {
		return result, nil
	}
	outcomes := bump.Apply(ctx, p, w.flow())
	err = s.job.Section("bumps", "What was bumped", func() error { return printOutcomes(s.env, opts.format, p, outcomes) })
	if err != nil {
		return stepResult{}, err
	}
	failed, changed := outcomeStatus(outcomes)
	result.changed = changed
	switch {
	case failed == exitDone:
		result.mended = everyBump(p.Bumps)
	case changed:
		result.code = exitPartial
	default:
		result.code = failed
	}
	return result, nil
}

// everyBump is the indexes of all bumps.
func everyBump(bumps []plan.Bump) map[int]bool {
	indexes := make(map[int]bool, len(bumps))
	for i := range bumps {
		indexes[i] = true
	}
	return indexes
}

// printPlan prints what is stale, and what is not bumped and why.
func (s *step) printPlan(p plan.Plan) error {
	return s.job.Section("plan", "What is stale", func() error { return render.Plan(s.env.Stdout, p) })
}

// limits narrow what a run looks at.
type limits struct {
	image image.Reference // the only one; zero for all
	hosts map[string]bool // the only registries to ask; nil for all
}

// openFiles finds the files to look at and the configuration that holds for
// them.
func (s *step) openFiles(ctx context.Context, opts options) (*workspace, limits, error) {
	only := limits{image: s.decision.Image}
	if !s.decision.Untrusted {
		w, err := open(ctx, s.env, opts)
		return w, only, err
	}
	base, err := s.readBase(ctx)
	if err != nil {
		return nil, only, fmt.Errorf("read base branch: %w", err)
	}
	only.hosts = base.hosts
	w, err := openUnder(ctx, opts, base.config)
	return w, only, err
}

// planFiles makes the plan of a workspace; it changes nothing but the cache.
func (s *step) planFiles(ctx context.Context, opts options, w *workspace, only limits) (plan.Plan, []render.Requests, error) {
	client, err := newRegistry(s.env, opts, w.config)
	if err != nil {
		return plan.Plan{}, nil, err
	}
	defer client.Close()
	memory, err := opts.openCache(s.env)
	if err != nil {
		return plan.Plan{}, nil, err
	}
	flow := bump.Flow{Registry: client, Cache: memory, Verify: opts.verify || w.config.Verify, Now: s.env.Now()}
	repositories := w.flow()
	for i, r := range repositories {
		repositories[i].Policy = only.policy(r.Policy)
	}
	p, err := flow.Plan(ctx, repositories)
	if err != nil {
		return plan.Plan{}, nil, err
	}
	p.Problems = append(p.Problems, w.problems...)
	p.Roots = opts.places()
	p.Holds = only.holds(p.Holds)
	opts.keep(s.env, memory)
	fmt.Fprintln(s.env.Stderr, requests(client.Requests()))
	return p, hosts(client), nil
}

// hosts says how often registries were asked.
func hosts(client *registry.Client) []render.Requests {
	var all []render.Requests
	for host, n := range client.Requests() {
		all = append(all, render.Requests{Host: host, Count: n.Total()})
	}
	render.SortRequests(all)
	return all
}

// policy ignores what is beyond the limits, so that no registry is asked for it.
func (l limits) policy(own func(image.Reference) config.Policy) func(image.Reference) config.Policy {
	return func(ref image.Reference) config.Policy {
		p := own(ref)
		p.Ignore = p.Ignore || !l.within(ref)
		return p
	}
}

func (l limits) within(ref image.Reference) bool { return l.meant(ref) && l.allowed(ref) }

// meant reports whether the run is about ref's tag. A reference with neither
// tag nor digest means latest; one with a digest alone may follow any.
func (l limits) meant(ref image.Reference) bool {
	if l.image.IsZero() {
		return true
	}
	tag := ref.Tag
	if tag == "" && ref.Digest == "" {
		tag = image.LatestTag
	}
	return ref.Name() == l.image.Name() && (tag == l.image.Tag || tag == "")
}

func (l limits) allowed(ref image.Reference) bool { return l.hosts == nil || l.hosts[ref.Registry] }

// holds leaves out what the run is not about, and says why a registry was not
// asked.
func (l limits) holds(all []plan.Hold) []plan.Hold {
	all = slices.DeleteFunc(all, func(h plan.Hold) bool {
		ref, err := image.ParseReference(h.Image)
		return err == nil && h.Image != "" && !l.meant(ref.Tagged(h.Tag).Pinned(h.Digest))
	})
	for i, h := range all {
		ref, err := image.ParseReference(h.Image)
		if err == nil && h.Code == plan.Ignored && !l.allowed(ref) {
			all[i].Reason = fmt.Sprintf("%s was not asked: neither the files nor the configuration of the base branch name that registry", ref.Registry)
		}
	}
	return all
}
