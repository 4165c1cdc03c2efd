package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/registry"
)

// made is a plan with what it was made from.
type made struct {
	plan      plan.Plan
	workspace *workspace
	requests  map[string]registry.Count
}

// makePlan runs everything up to the plan; it changes nothing but the cache.
func makePlan(ctx context.Context, env Env, opts options) (made, error) {
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
	if err := opts.saveCache(env, memory); err != nil {
		fmt.Fprintf(env.Stderr, "basekeeper: the cache was not saved, so that cooldowns start anew: %v\n", err)
	}
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
