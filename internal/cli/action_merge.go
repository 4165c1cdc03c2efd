package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/basekeeper/basekeeper/internal/action"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/retire"
)

// runMerge retires what the merge of the event replaces, and prunes where the
// step asks for it. The configuration is the base branch's, as it was before
// the merge.
func (s *step) runMerge(ctx context.Context) (stepResult, error) {
	c, err := s.readBaseConfig(ctx)
	if err != nil {
		return stepResult{}, fmt.Errorf("read base branch: %w", err)
	}
	l, err := s.lifecycle(c)
	if err != nil {
		return stepResult{}, err
	}
	defer l.close()
	pull := s.event.Pull
	at := pull.MergedAt
	if at.IsZero() {
		at = s.env.Now()
	}
	rows, err := l.onMerge(ctx, forge.Repository{Name: pull.Repository}, forge.Merge{
		Number: pull.Number, Commit: pull.MergeCommit, Author: pull.Author, At: at,
	}, s.in.DryRun)
	if err != nil && len(rows) == 0 {
		return stepResult{}, lifecycleStatus(err)
	}
	result := stepResult{retired: rows, code: retiredStatus(rows, err)}
	if err != nil {
		complain(s.env, err)
		result.note = err.Error()
	}
	if len(rows) == 0 {
		result.note = "No image is known that this repository builds: list it under images in the configuration."
		fmt.Fprintln(s.env.Stdout, result.note)
		return result, nil
	}
	result.changed = slices.ContainsFunc(rows, func(r render.Retired) bool { return r.Done })
	if err := render.RetiredTable(s.env.Stdout, rows); err != nil || !s.in.Prune {
		return result, err
	}
	return result, s.prune(ctx, l, &result)
}

// lifecycle wires the step's work on published images together.
func (s *step) lifecycle(c config.Config) (*lifecycle, error) {
	opts := lifecycleOptions{options: s.options()}
	opts.dirs = nil
	opts.remote = remoteOptions{url: s.in.APIURL, timeLimit: s.in.TimeLimit}
	access := registry.Push
	switch {
	case s.in.Prune && !s.in.DryRun:
		access = registry.Delete
	case s.in.DryRun || s.decision.Command == action.Prune:
		access = registry.Pull
	}
	l, err := newLifecycle(s.env, opts, c, access)
	if err != nil {
		return nil, err
	}
	if s.event.Repository != "" { // an image that names no repository is this one's
		l.config.Images = slices.Clone(c.Images)
		for i, p := range l.config.Images {
			if p.Repository == "" {
				l.config.Images[i].Repository = s.event.Repository
			}
		}
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
	if s.decision.Command == action.Prune {
		var result stepResult
		return result, s.prune(ctx, l, &result)
	}
	if s.decision.Image.IsZero() {
		return stepResult{}, usage(errors.New("input image: retire needs the image that is about to be replaced, such as ghcr.io/acme/app"))
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

// prune shows what may be deleted of the images that the configuration lists,
// and deletes it where the step says so.
func (s *step) prune(ctx context.Context, l *lifecycle, result *stepResult) error {
	var names []string
	if !s.decision.Image.IsZero() {
		names = []string{s.decision.Image.Name()}
	}
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
	return render.PruneTable(s.env.Stdout, result.pruned)
}

// followUp retires what bumps replace that were merged since the last runs, and
// records what is published: where the configuration lists images.
func (s *step) followUp(ctx context.Context, c config.Config, scope forge.Scope, result *stepResult) error {
	if len(c.Images) == 0 || s.in.DryRun {
		return nil
	}
	l, err := s.lifecycle(c)
	if err != nil {
		return err
	}
	defer l.close()
	result.retired, err = l.followUp(ctx, scope, nil, mergesSince, false)
	if err != nil {
		complain(s.env, err)
		result.code = max(result.code, retiredStatus(result.retired, err))
	}
	return render.RetiredTable(s.env.Stdout, result.retired)
}
