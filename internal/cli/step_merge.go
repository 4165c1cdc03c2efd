package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/retire"
)

// runMerge retires what the merged bumps of the event replace, and prunes where
// the step asks for it. Where the decision only supposes a merge, its command
// comes after.
func (s *step) runMerge(ctx context.Context) (stepResult, error) {
	merges, none, err := s.job.merges(ctx, s)
	if err != nil {
		return stepResult{}, err
	}
	if len(merges) == 0 {
		return s.runUnmerged(ctx, none)
	}
	c, err := s.job.mergeConfig(ctx, s)
	if err != nil {
		return stepResult{}, err
	}
	result, err := s.retireMerges(ctx, c, merges)
	if err != nil || s.decision.Command == job.OnMerge {
		return result, err
	}
	found, err := s.runFiles(ctx)
	s.decision.Command = job.OnMerge // what was done besides a look
	if err != nil {
		s.trouble(&result, err)
		return result, nil
	}
	result.plan, result.requests = found.plan, found.requests
	result.code = worse(result.code, found.code)
	return result, nil
}

// runUnmerged is about a commit that no bump brought.
func (s *step) runUnmerged(ctx context.Context, none string) (stepResult, error) {
	fmt.Fprintln(s.env.Stdout, clean(none))
	if s.decision.Command == job.OnMerge {
		s.decision.Command = job.Nothing
		return stepResult{note: none}, nil
	}
	result, err := s.runFiles(ctx)
	if result.note == "" {
		result.note = none
	}
	return result, err
}

// worse is the exit status where two hold.
func worse(a, b int) int {
	for _, code := range []int{exitUsage, exitFailed, exitRefused, exitPartial, exitStale} {
		if a == code || b == code {
			return code
		}
	}
	return exitDone
}

// retireMerges retires what merges replace.
func (s *step) retireMerges(ctx context.Context, c config.Config, merges []forge.Merge) (stepResult, error) {
	l, err := s.lifecycle(c)
	if err != nil {
		return stepResult{}, err
	}
	defer l.close()
	name := s.repository
	if s.about != nil {
		name = s.about.Repository
	}
	repository := forge.Repository{Name: name}
	if err := l.settle([]forge.Repository{repository}); err != nil {
		return stepResult{}, err
	}
	rows, err := l.onMerges(ctx, repository, merges, s.in.DryRun)
	if err != nil && len(rows) == 0 {
		return stepResult{}, &statusError{failureStatus(err, exitFailed), err}
	}
	l.recordToo(ctx, s.in.DryRun)
	result := stepResult{}
	if len(rows) == 0 {
		result.note = "No image is known that this repository builds: list it under images in the configuration."
		fmt.Fprintln(s.env.Stdout, result.note)
		return result, nil
	}
	err = s.followed(ctx, l, rows, err, &result)
	return result, err
}

// followed shows what was retired, and prunes where the step asks for it. What
// goes wrong then takes nothing from what the outputs say was done.
func (s *step) followed(ctx context.Context, l *lifecycle, rows []render.Retired, failed error, result *stepResult) error {
	result.retired = rows
	result.changed = result.changed || slices.ContainsFunc(rows, func(r render.Retired) bool { return r.Done })
	if failed != nil {
		complain(s.env, failed)
		result.note, result.code = failed.Error(), worse(result.code, retiredStatus(failed))
	}
	err := s.job.Section("retired", "Retired images", func() error { return render.RetiredTable(s.env.Stdout, rows) })
	if err != nil || !s.in.Prune {
		return err
	}
	code := result.code
	if err := s.prune(ctx, l, nil, result); err != nil {
		s.trouble(result, err)
	}
	result.code = worse(code, result.code)
	return nil
}

// trouble notes an error that comes when part of the work is done.
func (s *step) trouble(result *stepResult, err error) {
	complain(s.env, err)
	result.note, result.code = err.Error(), worse(result.code, failureStatus(err, exitFailed))
}

// runCentral follows up the merges of all repositories that the step is about.
func (s *step) runCentral(ctx context.Context) (stepResult, error) {
	w, _, err := remoteConfig(s.options(), filepath.Join(s.workspace.Name(), filepath.FromSlash(s.in.Directory)))
	if err != nil {
		return stepResult{}, err
	}
	l, err := s.lifecycle(w.config)
	if err != nil {
		return stepResult{}, err
	}
	defer l.close()
	scope, err := s.remoteOptions(w.config).scope(w.config, l.flavor)
	if err != nil {
		return stepResult{}, err
	}
	rows, err := l.followUp(ctx, scope, nil, mergesSince, s.in.DryRun)
	if err != nil && len(rows) == 0 {
		return stepResult{}, &statusError{failureStatus(err, exitFailed), err}
	}
	var result stepResult
	err = s.followed(ctx, l, rows, err, &result)
	return result, err
}

// lifecycle wires the step's work on published images together.
func (s *step) lifecycle(c config.Config) (*lifecycle, error) {
	opts := lifecycleOptions{options: s.options()}
	opts.dirs = nil
	opts.remote = remoteOptions{forge: s.job.forge(), url: s.in.APIURL, timeLimit: s.in.TimeLimit}
	access := registry.Push
	switch {
	case s.in.Prune && !s.in.DryRun:
		access = registry.Delete
	case s.in.DryRun || s.decision.Command == job.Prune:
		access = registry.Pull
	}
	l, err := newLifecycle(s.env, opts, c, access)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// runImages retires one image, or prunes what the workspace's configuration
// lists, as the input command says.
func (s *step) runImages(ctx context.Context) (stepResult, error) {
	opts := s.options()
	w, _, err := remoteConfig(opts, filepath.Join(s.workspace.Name(), filepath.FromSlash(s.in.Directory)))
	if err != nil {
		return stepResult{}, err
	}
	l, err := s.lifecycle(w.config)
	if err != nil {
		return stepResult{}, err
	}
	defer l.close()
	if s.decision.Command == job.Prune {
		var names []string
		if !s.decision.Image.IsZero() {
			names = []string{s.decision.Image.Name()}
		}
		var result stepResult
		err := s.prune(ctx, l, names, &result)
		return result, err
	}
	if s.decision.Image.IsZero() {
		return stepResult{}, usage(fmt.Errorf("%s: retire needs the image that is about to be replaced, such as ghcr.io/acme/app", s.job.Call("image")))
	}
	p := l.published(s.decision.Image)
	t, err := template("images: "+p.Image.Familiar()+": retire", p.Retire)
	if err != nil {
		return stepResult{}, err
	}
	done, err := l.retire(s.in.DryRun).Retire(ctx, retire.Request{Ref: p.Image, Template: t, Moves: p.Moves, By: because(s.env)})
	if err != nil {
		return stepResult{}, lifecycleStatus(err)
	}
	rows := []render.Retired{retired(done, s.in.DryRun, "")}
	return stepResult{retired: rows, changed: done.Done}, render.RetiredTable(s.env.Stdout, rows)
}

// prune shows what may be deleted of the named images, or of all that the
// configuration lists, and deletes it where the step says so.
func (s *step) prune(ctx context.Context, l *lifecycle, names []string, result *stepResult) error {
	l.self = filepath.Join(s.workspace.Name(), filepath.FromSlash(s.in.Directory))
	deletes := s.in.Prune && !s.in.DryRun
	p, flow, err := l.planPrune(ctx, names, retentionOptions{}, deletes)
	if err != nil {
		return err
	}
	var outcomes []prune.Outcome
	if deletes {
		outcomes = flow.Apply(ctx, p)
	}
	result.pruned = pruned(p, outcomes)
	if code := pruneStatus(result.pruned, outcomes); code != exitDone {
		result.code = code
	}
	for _, o := range outcomes {
		result.changed = result.changed || len(o.Tags)+len(o.Manifests) > 0
	}
	return s.job.Section("pruned", "Retired tags whose time is over", func() error { return render.PruneTable(s.env.Stdout, result.pruned) })
}

// followUp retires what bumps replace that were merged since the last runs, and
// records what is published, where the configuration lists images. It prunes
// where the step asks for it.
func (s *step) followUp(ctx context.Context, c config.Config, scope forge.Scope, result *stepResult) error {
	follows := len(c.Images) > 0 && !s.in.DryRun
	if !follows && !s.in.Prune {
		return nil
	}
	l, err := s.lifecycle(c)
	if err != nil {
		return err
	}
	defer l.close()
	var rows []render.Retired
	var failed error
	if follows {
		rows, failed = l.followUp(ctx, scope, nil, mergesSince, false)
	}
	return s.followed(ctx, l, rows, failed, result)
}
