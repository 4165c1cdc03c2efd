package prune

import (
	"context"
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// Plan looks at each repository and says what may be deleted there. It writes
// nothing but memory. A repository of which something could not be read is in
// the plan with its problem, and nothing is deleted in it.
//
// The error is ctx's, or says that a repository is there twice: what is kept
// for one of its tags could be deleted for the sake of another.
func (f Flow) Plan(ctx context.Context, targets []Target) (Plan, error) {
	p := Plan{Kind: Kind, Version: Version, CreatedAt: stamp(f.Now), Repositories: make([]Repository, len(targets))}
	seen := map[string]bool{}
	for _, t := range targets {
		if name := t.Image.Name(); seen[name] {
			return Plan{}, fmt.Errorf("plan to prune %s: it is there twice", name)
		}
		seen[t.Image.Name()] = true
	}
	err := each(ctx, f.repositories(), len(targets), func(ctx context.Context, i int) error {
		p.Repositories[i] = f.plan(ctx, targets[i])
		return ctx.Err()
	})
	if err != nil {
		return Plan{}, fmt.Errorf("plan to prune: %w", err)
	}
	return p, nil
}

func (f Flow) plan(ctx context.Context, t Target) Repository {
	r := Repository{Image: t.Image.Name(), Templates: t.Templates, Undo: Duration(max(0, t.Undo)), Uses: distinct(t.Uses), Verdicts: []retention.Verdict{}}
	s, err := f.survey(ctx, t)
	if err != nil {
		r.Problem = err.Error()
		return r
	}
	r.TagDelete, r.LastTagDeletes = s.facts.TagDelete, s.facts.LastTagDeletes
	d, err := s.decide(ctx, nil)
	r.Policy = fixed(t.Policy, s.facts.Tags)
	if err != nil {
		r.Problem = err.Error()
		return r
	}
	r.Adopt, r.ExpiredTrash, r.Refused = d.Adopt, s.expired(), d.Refused
	r.Verdicts = append(r.Verdicts, d.Verdicts...)
	if d.Refused != "" {
		return r
	}
	r.Tags = d.Tags
	left := s.leftovers(d)
	for _, digest := range left {
		r.tell(digest)
	}
	for _, digest := range slices.Concat(left, d.Manifests) {
		m := s.facts.Manifests[digest]
		r.Manifests = append(r.Manifests, Manifest{Digest: digest, MediaType: m.MediaType, Size: m.Size})
	}
	for _, b := range s.unfinished() {
		r.Unfinished = append(r.Unfinished, b.tag.Name)
	}
	return r
}

// tell notes a verdict on a manifest that a run which was cut off left.
func (r *Repository) tell(digest image.Digest) {
	v := retention.Verdict{Digest: digest, Reason: retention.Orphaned, Text: "left by a run that was cut off"}
	for i, other := range r.Verdicts {
		if other.Tag == "" && other.Digest == digest {
			r.Verdicts[i] = v
			return
		}
	}
	r.Verdicts = append(r.Verdicts, v)
}

// distinct returns one use for each tag or digest that is named.
func distinct(uses []retention.Use) []retention.Use {
	seen := map[retention.Use]bool{}
	var all []retention.Use
	for _, u := range uses {
		what := retention.Use{Tag: u.Tag, Digest: u.Digest}
		if !seen[what] {
			seen[what] = true
			all = append(all, u)
		}
	}
	return all
}
