package cli

import (
	"context"
	"io"

	"github.com/schollz/progressbar/v3"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/registry"
)

// made is a plan with what it was made from.
type made struct {
	plan      plan.Plan
	workspace *workspace // of a run on local files
	remote    *remote    // of a run on a forge
	run       bump.Run   // likewise
	requests  map[string]registry.Count
}

// makePlan runs everything up to the plan; it changes nothing but the cache.
func makePlan(ctx context.Context, env Env, opts options) (made, error) {
	r, err := asRemote(env, opts)
	if err != nil {
		return made{}, err
	}
	if r != nil {
		return r.makePlan(ctx, env, opts)
	}
	w, err := open(ctx, env, opts)
	if err != nil {
		return made{}, err
	}
	client, err := newRegistry(env, opts, w.config)
	if err != nil {
		return made{}, err
	}
	memory, err := opts.openCache(env)
	if err != nil {
		return made{}, err
	}
	progress, done := progressBar(env)
	flow := bump.Flow{
		Registry: client, Cache: memory, Verify: opts.verify || w.config.Verify, Now: env.Now(), Progress: progress,
	}
	p, err := flow.Plan(ctx, w.flow())
	done()
	if err != nil {
		return made{}, err
	}
	p.Problems = append(p.Problems, w.problems...)
	p.Roots = opts.places()
	opts.keep(env, memory)
	return made{plan: p, workspace: w, requests: client.Requests()}, nil
}

// progressBar shows how many registry questions are answered, on a terminal
// only.
func progressBar(env Env) (progress func(done, total int), finish func()) {
	if !env.Terminal {
		return nil, func() {}
	}
	var bar *progressbar.ProgressBar
	progress = func(done, total int) {
		if bar == nil || bar.GetMax() != total {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(env.Stderr),
				progressbar.OptionSetDescription("asking registries"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set(done) // a bar that cannot be drawn is no failure
	}
	return progress, func() {
		if bar != nil {
			_ = bar.Clear()
		}
	}
}

// planStatus is the exit status that a plan by itself calls for.
func planStatus(p plan.Plan) int {
	if p.Troubled() {
		return exitPartial
	}
	return exitDone
}

func writeAll(w io.Writer, content []byte) error {
	_, err := w.Write(content)
	return err
}

// makePlan is the same for repositories on a forge.
func (r *remote) makePlan(ctx context.Context, env Env, opts options) (made, error) {
	run, err := r.Plan(ctx)
	r.done()
	if err != nil {
		return made{}, err
	}
	opts.keep(env, r.memory)
	return made{plan: run.Plan, remote: r, run: run}, nil
}
