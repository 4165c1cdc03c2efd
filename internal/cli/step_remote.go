package cli

import (
	"context"
	"path/filepath"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
)

// runRemote checks repositories on a forge, or bumps them through pull requests:
// those that the inputs name, or the configuration, or else the one that the
// workflow runs in.
func (s *step) runRemote(ctx context.Context) (stepResult, error) {
	opts := s.options()
	opts.dirs = nil
	w, given, err := remoteConfig(opts, filepath.Join(s.workspace.Name(), filepath.FromSlash(s.in.Directory)))
	if err != nil {
		return stepResult{}, err
	}
	opts.remote = s.remoteOptions(w.config)
	r, err := openRemote(s.env, opts, w, given)
	if err != nil {
		return stepResult{}, err
	}
	defer r.host.CloseIdle()
	defer r.registry.Close()
	run, err := r.Plan(ctx)
	if err != nil {
		return stepResult{}, err
	}
	result := stepResult{plan: &run.Plan, code: planStatus(run.Plan)}
	if s.decision.Command == job.Bump && !s.in.DryRun {
		err = s.pull(ctx, opts, r, run, &result)
	} else {
		r.finish(s.env, opts)
		err = s.printPlan(run.Plan)
	}
	if err == nil && s.decision.Command == job.Bump {
		err = s.followUp(ctx, w.config, r.Scope, &result)
	}
	result.requests = append(hosts(r.registry), render.Requests{Host: r.host.flavor.String(), Count: r.host.total()})
	return result, err
}

// remoteOptions says what the inputs do as flags would.
func (s *step) remoteOptions(c config.Config) remoteOptions {
	o := remoteOptions{
		organizations: s.in.Organizations, repositories: s.in.Repositories,
		forge: s.job.forge(), url: s.in.APIURL, timeLimit: s.in.TimeLimit,
	}
	if !s.decision.Image.IsZero() {
		o.image = s.decision.Image.String()
	}
	r := c.Repositories
	configured := r.Installation || len(r.Organizations)+len(r.Users)+len(r.Names) > 0
	if !o.named() && !configured && s.repository != "" {
		o.repositories = []string{s.repository}
	}
	return o
}

// pull carries out a plan through pull requests.
func (s *step) pull(ctx context.Context, opts options, r *remote, run bump.Run, result *stepResult) error {
	var failed int
	result.pulled, failed = r.carryOut(ctx, s.env, opts, run)
	if failed != exitDone {
		result.code = failed
	}
	result.mended = carried(result.pulled)
	for _, p := range result.pulled {
		result.changed = result.changed || p.Done && p.Pull.Step.Writes()
	}
	return s.job.Section("pulls", "What was bumped", func() error { return printPulled(s.env, opts.format, run.Plan, result.pulled) })
}

// carried are the bumps that a pull request carries now, by their index: one
// that was made or moved on, or that was as it should be.
func carried(all []render.Pulled) map[int]bool {
	indexes := map[int]bool{}
	for _, p := range all {
		if p.Error != "" || p.Pull.Step != plan.Keep && (!p.Done || !proposes(p.Pull.Step)) {
			continue
		}
		for _, i := range p.Pull.Bumps {
			indexes[i] = true
		}
	}
	return indexes
}

// proposes reports whether a step leaves a pull request with all that is wanted.
func proposes(s plan.Step) bool { return s == plan.Create || s == plan.Update || s == plan.Finish }
