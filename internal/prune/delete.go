package prune

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// delete deletes the tags and then the manifests. The error is one after which
// nothing more can be done in the repository.
func (w *work) delete(ctx context.Context) error {
	if w.survey.facts.TagDelete {
		if err := w.deleteTags(ctx); err != nil {
			return err
		}
	}
	if len(w.manifests) == 0 {
		return nil
	}
	if err := w.lookAgain(ctx); err != nil {
		return err
	}
	return w.deleteManifests(ctx)
}

// deleteTags deletes the tags that are still where the decision saw them.
// Where the last tag takes the digest along, one after the other, so that
// nothing goes before what contains it.
func (w *work) deleteTags(ctx context.Context) error {
	limit := parallel
	if w.survey.facts.LastTagDeletes {
		limit = 1
	}
	done := make([]bool, len(w.tags))
	var mu sync.Mutex
	err := each(ctx, limit, len(w.tags), func(ctx context.Context, i int) error {
		gone, err := w.deleteTag(ctx, w.tags[i])
		done[i] = gone
		if err == nil || errors.Is(err, image.ErrDenied) || ctx.Err() != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		w.again = w.again || !errors.Is(err, image.ErrRefused) && !isMoved(err)
		w.fail(w.tags[i].Name, w.tags[i].Digest, err)
		return nil
	})
	w.sortSkipped()
	for i, t := range w.tags {
		if done[i] {
			w.out.Tags = append(w.out.Tags, t)
			w.gone = append(w.gone, t)
		}
	}
	return err
}

// movedSince is what happened to a tag that a plan cannot delete any more.
const movedSince = "moved since the plan"

func isMoved(err error) bool {
	_, ok := errors.AsType[*MovedError](err)
	return ok
}

// deleteTag deletes a tag that still points where it did; gone says that it is
// not there any more.
func (w *work) deleteTag(ctx context.Context, t retention.Tag) (gone bool, err error) {
	ref := w.survey.ref.Tagged(t.Name)
	d, err := w.flow.Content.Resolve(ctx, ref)
	switch {
	case errors.Is(err, image.ErrNotFound):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("look at tag %s: %w", t.Name, err)
	case d.Digest != t.Digest:
		return false, &MovedError{t.Name, d.Digest, movedSince}
	}
	if err := w.flow.Deleter.DeleteTag(ctx, ref); err != nil {
		return false, fmt.Errorf("delete tag %s: %w", t.Name, err)
	}
	return true, nil
}

// lookAgain lists the tags once more and drops from the manifests all that
// something needs by now: a tag that is new, or moved, or was not deleted.
func (w *work) lookAgain(ctx context.Context) error {
	s := w.survey
	listing, err := w.flow.Lister.List(ctx, s.ref)
	if err != nil {
		return fmt.Errorf("list tags again: %w", err)
	}
	s.facts.Tags, s.facts.Untagged = listing.Tags, nil
	s.own, s.there = s.ownDigests(), tagSet(listing.Tags)
	for _, tag := range w.out.Trash {
		for _, t := range listing.Tags {
			if t.Name == tag {
				s.own[t.Digest] = true
			}
		}
	}
	s.noteOwn()
	if err := s.learn(ctx, s.roots()); err != nil {
		return err
	}
	for _, t := range s.facts.Tags {
		if s.absent[t.Digest] {
			return fmt.Errorf("read manifest %s of tag %s: %w", t.Digest, t.Name, image.ErrNotFound)
		}
	}
	kept := s.kept(w.decision, w.withManifest())
	w.manifests = slices.DeleteFunc(w.manifests, func(digest image.Digest) bool {
		if kept[digest] {
			w.under(digest, func(tag string) { w.skip(tag, digest, "something that is kept needs it now") })
		}
		return kept[digest]
	})
	return nil
}

// withManifest returns the tags that go when their manifest is deleted, because
// the registry cannot delete a tag alone.
func (w *work) withManifest() map[retention.Tag]bool {
	if w.survey.facts.TagDelete {
		return nil
	}
	return tagSet(w.tags)
}

// deleteManifests deletes one manifest after the other. What one contains that
// could not be deleted stays.
func (w *work) deleteManifests(ctx context.Context) error {
	needed := digests{}
	for _, digest := range w.manifests {
		if needed[digest] {
			w.under(digest, func(tag string) { w.skip(tag, digest, "something that contains it could not be deleted") })
			continue
		}
		err := w.flow.Deleter.DeleteManifest(ctx, w.survey.ref.Pinned(digest))
		if err == nil {
			w.deleted(digest)
			continue
		}
		err = fmt.Errorf("delete manifest %s: %w", digest, err)
		if errors.Is(err, image.ErrDenied) || ctx.Err() != nil {
			return err
		}
		w.again = w.again || !errors.Is(err, image.ErrRefused)
		w.under(digest, func(tag string) { w.fail(tag, digest, err) })
		needed.reach(w.survey.facts.Manifests, digest)
	}
	return nil
}

// under tells of a manifest that stays under the tags that would have gone with
// it, and where there are none under no tag.
func (w *work) under(digest image.Digest, tell func(tag string)) {
	tagged := false
	if !w.survey.facts.TagDelete {
		for _, t := range w.tags {
			if t.Digest == digest {
				tagged = true
				tell(t.Name)
			}
		}
	}
	if !tagged {
		tell("")
	}
}

func (w *work) deleted(digest image.Digest) {
	w.out.Manifests = append(w.out.Manifests, digest)
	if w.survey.facts.TagDelete {
		return
	}
	for _, t := range w.tags {
		if t.Digest == digest {
			w.out.Tags = append(w.out.Tags, t)
			w.gone = append(w.gone, t)
		}
	}
}

// empty removes trash whose time is over.
func (w *work) empty(ctx context.Context) error {
	expired := tagSet(w.survey.expired())
	for _, t := range w.plan.ExpiredTrash {
		if !expired[key(t)] {
			continue
		}
		err := w.emptyOne(ctx, t)
		switch {
		case err == nil:
			w.out.Expired = append(w.out.Expired, t.Name)
		case errors.Is(err, image.ErrDenied) || ctx.Err() != nil:
			return err
		case isMoved(err):
			w.skip(t.Name, t.Digest, err.Error())
		default:
			w.fail(t.Name, t.Digest, err)
		}
	}
	return nil
}

func (w *work) emptyOne(ctx context.Context, t retention.Tag) error {
	if w.survey.facts.TagDelete {
		if _, err := w.deleteTag(ctx, t); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(w.survey.facts.Tags, func(other retention.Tag) bool { return other.Digest == t.Digest && other.Name != t.Name }) {
		return nil
	}
	if err := w.flow.Deleter.DeleteManifest(ctx, w.survey.ref.Pinned(t.Digest)); err != nil {
		return fmt.Errorf("delete trash %s: %w", t.Name, err)
	}
	return nil
}
