package prune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// bin is a trash artifact and what its journal says.
type bin struct {
	tag      retention.Tag
	journal  trash.Journal
	finished bool // all that it says was carried out
}

// readTrash reads the journals of all trash that the repository has. One that
// went away meanwhile is no trash; one that cannot be read is an error, since
// it may say that something was just put back.
func (s *survey) readTrash(ctx context.Context) error {
	var tags []retention.Tag
	for _, t := range s.facts.Tags {
		if strings.HasPrefix(t.Name, trash.TagPrefix) {
			tags = append(tags, t)
		}
	}
	bins := make([]*bin, len(tags))
	err := each(ctx, parallel, len(tags), func(ctx context.Context, i int) error {
		j, err := s.flow.Store.ReadTrash(ctx, s.ref, tags[i].Name)
		if errors.Is(err, image.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		bins[i] = &bin{tag: tags[i], journal: j, finished: slices.Contains(s.facts.Ledger.Finished, tags[i].Name)}
		return nil
	})
	for _, b := range bins {
		if b != nil {
			s.trash = append(s.trash, *b)
		}
	}
	return err
}

// unfinished returns the trash of runs that were cut off.
func (s *survey) unfinished() []bin {
	return slices.DeleteFunc(slices.Clone(s.trash), func(b bin) bool { return b.finished })
}

// expired returns the trash whose time is over. What a cut off run left is not:
// it has to be finished first.
func (s *survey) expired() []retention.Tag {
	var all []retention.Tag
	for _, b := range s.trash {
		if b.finished && !b.journal.Expires.After(s.flow.Now) {
			all = append(all, b.tag)
		}
	}
	return all
}

// returned says when tags were deleted that are there again. A tag that a run
// was cut off before, or that the registry refused to delete, was never away:
// its record is as it was then.
func (s *survey) returned() map[string]time.Time {
	now := map[string]image.Digest{}
	for _, t := range s.facts.Tags {
		now[t.Name] = t.Digest
	}
	back := map[string]time.Time{}
	for _, b := range s.trash {
		for _, e := range b.journal.Entries {
			for _, tag := range e.Tags {
				digest, there := now[tag]
				if !there || digest == e.Digest && (!b.finished || s.untouched(tag, e)) {
					continue
				}
				if b.journal.At.After(back[tag]) {
					back[tag] = b.journal.At
				}
			}
		}
	}
	return back
}

// untouched reports whether the ledger still says of a tag what it said when
// the entry was written. Deleting a tag drops its record, and restoring it
// makes a new one.
func (s *survey) untouched(tag string, e trash.Entry) bool {
	r, ok := s.facts.Ledger.Record(tag)
	return ok && slices.ContainsFunc(e.Records, func(old ledger.Record) bool {
		return old.Tag == r.Tag && old.Digest == r.Digest && old.At.Equal(r.At)
	})
}

// leftBehind finds out which manifests in the trash of runs that were cut off
// are still there, and reads them.
func (s *survey) leftBehind(ctx context.Context) error {
	open := digests{}
	for _, b := range s.unfinished() {
		for _, e := range b.journal.Entries {
			if !e.Kept {
				open[e.Digest] = true
			}
		}
	}
	all := slices.Sorted(maps.Keys(open))
	there := make([]bool, len(all))
	err := each(ctx, parallel, len(all), func(ctx context.Context, i int) (err error) {
		if there[i], err = s.flow.Content.Exists(ctx, s.ref.Pinned(all[i])); err != nil {
			return fmt.Errorf("ask for manifest %s: %w", all[i], err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, digest := range all {
		if there[i] {
			s.left[digest] = true
		}
	}
	if err := s.learn(ctx, slices.Sorted(maps.Keys(s.left))); err != nil {
		return err
	}
	s.facts.Tags = slices.Concat(s.facts.Tags, s.ghosts(open))
	slices.SortFunc(s.facts.Tags, func(a, b retention.Tag) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

// ghosts returns the tags that runs which were cut off have deleted of what is
// still there. It is decided about them once more, so that all that goes with
// them is found again. One that belonged to something which is gone, of all that
// was open, is none.
func (s *survey) ghosts(open digests) []retention.Tag {
	taken := map[string]bool{}
	for _, t := range s.facts.Tags {
		taken[t.Name] = true
	}
	var all []retention.Tag
	for _, b := range s.unfinished() {
		for _, e := range b.journal.Entries {
			for _, tag := range e.Tags {
				subject, ok := companionOf(tag)
				if !ok {
					subject = s.facts.Manifests[e.Digest].Subject
				}
				if taken[tag] || e.Kept || !s.left[e.Digest] || open[subject] && !s.left[subject] {
					continue
				}
				taken[tag] = true
				t := retention.Tag{Name: tag, Digest: e.Digest}
				if r, ok := s.facts.Ledger.Record(tag); !ok || r.Digest != e.Digest {
					// The registry knew its time, which was over then.
					t.Since = b.journal.At.Add(-max(s.policy.KeepFor, s.policy.MinimumAge))
				}
				all = append(all, t)
			}
		}
	}
	return all
}

// leftovers returns what runs that were cut off did not get to delete, in the
// order of their journals: all that is still there, and that nothing needs.
func (s *survey) leftovers(d retention.Decision) []image.Digest {
	if len(s.left) == 0 || slices.ContainsFunc(s.listed(), func(digest image.Digest) bool { return s.absent[digest] }) {
		return nil // what is listed and cannot be read may need any of them
	}
	kept := s.kept(d, tagSet(d.Tags))
	going := setOf(d.Manifests)
	var all []image.Digest
	for _, b := range s.unfinished() {
		for _, e := range b.journal.Entries {
			if s.left[e.Digest] && !e.Kept && !kept[e.Digest] && !going[e.Digest] && !s.absent[e.Digest] {
				going[e.Digest] = true
				all = append(all, e.Digest)
			}
		}
	}
	return all
}
