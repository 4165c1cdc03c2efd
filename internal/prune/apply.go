package prune

import (
	"context"
	"errors"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// Outcome is what became of one repository's part of a plan.
type Outcome struct {
	Image     string
	Tags      []retention.Tag // that were deleted
	Manifests []image.Digest  // that were deleted, in order
	Skipped   []Skip          // what was planned and not deleted
	Trash     []string        // tags of the trash that holds what was deleted
	Expired   []string        // tags of trash that was removed, its time being over
	Adopted   []string        // tags that were recorded
	Refused   string          // why nothing was deleted though the plan says so
	Err       error           // why it stopped; what was done before is above
}

// Skip is something that was planned and not deleted.
type Skip struct {
	Tag     string       `json:"tag,omitempty"` // empty for a manifest
	Digest  image.Digest `json:"digest"`
	Reason  string       `json:"reason"`
	Failed  bool         `json:"failed,omitempty"`  // it should have been possible
	Refused bool         `json:"refused,omitempty"` // it failed because a rule of the registry forbids it
}

// Apply does what the plan says, repository by repository, as far as a new look
// at each agrees: a tag that has moved stays, and so does all that is needed by
// now. The bytes of everything are in the trash before anything is deleted. It
// goes on with the next repository where one fails; the outcomes, in the plan's
// order, say what happened. What has been done already is done no more, so that
// a plan can be applied again.
func (f Flow) Apply(ctx context.Context, p Plan) []Outcome {
	outcomes := make([]Outcome, len(p.Repositories))
	_ = each(ctx, f.repositories(), len(p.Repositories), func(ctx context.Context, i int) error {
		outcomes[i] = f.apply(ctx, p.Repositories[i])
		return nil
	})
	for i := range outcomes { // those that were not begun
		if outcomes[i].Image == "" {
			outcomes[i] = Outcome{Image: p.Repositories[i].Image, Err: context.Cause(ctx)}
		}
	}
	return outcomes
}

func (f Flow) apply(ctx context.Context, r Repository) Outcome {
	if r.Empty() {
		return Outcome{Image: r.Image}
	}
	w := &work{flow: f, plan: r, out: Outcome{Image: r.Image}}
	w.out.Err = w.run(ctx)
	return w.out
}

// work is the carrying out of one repository's part of a plan.
type work struct {
	flow Flow
	plan Repository
	out  Outcome

	survey    *survey
	decision  retention.Decision
	tags      []retention.Tag // to delete
	manifests []image.Digest  // to delete, in order
	finish    []bin           // trash of runs that were cut off, which this run completes
	gone      []retention.Tag // that are not there any more: their records go
	again     bool            // something failed that a later run should try again
}

func (w *work) run(ctx context.Context) error {
	if err := w.look(ctx); err != nil {
		return err
	}
	if err := w.save(ctx); err != nil {
		return err
	}
	err := w.delete(ctx)
	w.again = w.again || err != nil
	if err == nil {
		err = w.empty(ctx)
	}
	if known := w.remember(ctx); err == nil {
		err = known
	}
	return err
}

// look makes the decision anew, within the plan.
func (w *work) look(ctx context.Context) error {
	ref, err := w.plan.ref()
	if err != nil {
		return err
	}
	target := Target{Image: ref, Policy: w.plan.Policy.loosened(w.plan.Verdicts), Uses: w.plan.Uses}
	if w.survey, err = w.flow.survey(ctx, target); err != nil {
		return err
	}
	if w.decision, err = w.survey.decide(ctx, &w.plan); err != nil {
		return err
	}
	if w.decision.Refused != "" {
		if len(w.plan.Tags)+len(w.plan.Manifests) > 0 {
			w.out.Refused = w.decision.Refused
		}
		return nil
	}
	w.choose()
	return nil
}

// choose takes what both the plan and the new decision delete.
func (w *work) choose() {
	planned := w.plan.going()
	w.tags = w.decision.Tags
	left := w.survey.leftovers(w.decision)
	for _, digest := range slices.Concat(left, w.decision.Manifests) {
		if planned[digest] {
			w.manifests = append(w.manifests, digest)
		}
	}
	leftover := setOf(left)
	for _, b := range w.survey.unfinished() {
		if !slices.ContainsFunc(b.journal.Entries, func(e trash.Entry) bool {
			return leftover[e.Digest] && !planned[e.Digest]
		}) {
			w.finish = append(w.finish, b)
		}
	}
	w.explain()
}

// explain says why planned deletions do not happen. What is not there any more
// needs no word.
func (w *work) explain() {
	now := map[string]image.Digest{}
	for _, t := range w.survey.facts.Tags {
		now[t.Name] = t.Digest
	}
	why := map[retention.Tag]string{}
	for _, v := range w.decision.Verdicts {
		why[retention.Tag{Name: v.Tag, Digest: v.Digest}] = v.Text
	}
	going := tagSet(w.tags)
	for _, t := range w.plan.Tags {
		digest, there := now[t.Name]
		switch {
		case going[key(t)]:
		case !there:
			w.gone = append(w.gone, t)
		case digest != t.Digest:
			w.skip(t.Name, t.Digest, (&MovedError{t.Name, digest, movedSince}).Error())
		default:
			w.skip(t.Name, t.Digest, "kept since the plan: "+why[key(t)])
		}
	}
	chosen := setOf(w.manifests)
	for _, m := range w.plan.Manifests {
		_, there := w.survey.facts.Manifests[m.Digest]
		if there && !chosen[m.Digest] {
			w.skip("", m.Digest, "something that is kept needs it now")
		}
	}
}

func (w *work) skip(tag string, digest image.Digest, reason string) {
	w.out.Skipped = append(w.out.Skipped, Skip{Tag: tag, Digest: digest, Reason: reason})
}

// fail notes what could not be deleted.
func (w *work) fail(tag string, digest image.Digest, err error) {
	w.out.Skipped = append(w.out.Skipped, Skip{
		Tag: tag, Digest: digest, Reason: err.Error(), Failed: !isMoved(err), Refused: errors.Is(err, image.ErrRefused),
	})
}
