package prune

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
	"github.com/basekeeper/basekeeper/internal/trash"
)

// remember writes into the ledger what this run did: the records of tags that
// are gone go, their numbers stay; tags that had no record get one; and trash
// whose deletions are complete is marked so.
func (w *work) remember(ctx context.Context) error {
	adopt := w.adopt()
	finish := w.finished()
	if len(w.gone)+len(adopt)+len(finish) == 0 {
		return nil
	}
	existing := w.trashTags()
	l, err := w.flow.Store.UpdateLedger(ctx, w.survey.ref, func(l ledger.Ledger) (ledger.Ledger, error) {
		l, err := w.forget(l)
		if err != nil {
			return l, err
		}
		for _, r := range adopt {
			if _, ok := l.Record(r.Tag); !ok {
				l = l.With(r)
			}
		}
		for _, tag := range finish {
			l = l.Finish(tag, existing)
		}
		return l, nil
	})
	if err != nil {
		return err
	}
	for _, r := range adopt {
		if _, ok := l.Record(r.Tag); ok {
			w.out.Adopted = append(w.out.Adopted, r.Tag)
		}
	}
	return nil
}

// forget drops the records of tags that are gone, but for one that somebody
// wrote meanwhile.
func (w *work) forget(l ledger.Ledger) (ledger.Ledger, error) {
	templates, err := parseTemplates(w.plan.Templates)
	if err != nil {
		return l, err
	}
	for _, t := range w.gone {
		l = used(l, templates, t.Name)
		r, ok := l.Record(t.Name)
		if !ok || r.Digest != t.Digest {
			continue
		}
		if old, known := w.survey.facts.Ledger.Record(t.Name); known && old.At.Equal(r.At) {
			l = l.Forget(t.Name)
		}
	}
	return l, nil
}

// parseTemplates reads the templates of a repository's retired tags.
func parseTemplates(texts []string) ([]ledger.Template, error) {
	all := make([]ledger.Template, len(texts))
	for i, text := range texts {
		var err error
		if all[i], err = ledger.ParseTemplate(text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// used returns l with the number in a tag as used.
func used(l ledger.Ledger, templates []ledger.Template, tag string) ledger.Ledger {
	for _, t := range templates {
		if n, ok := t.Number(tag); ok {
			l = l.UseNumber(t.String(), n)
		}
	}
	return l
}

// adopt returns the records of tags that may expire and have none.
func (w *work) adopt() []ledger.Record {
	gone := tagSet(w.gone)
	var all []ledger.Record
	for _, t := range w.plan.Adopt {
		if !w.survey.there[key(t)] || gone[key(t)] {
			continue
		}
		at := t.Since
		if at.IsZero() || at.After(w.flow.Now) {
			at = w.flow.Now
		}
		all = append(all, ledger.Record{Tag: t.Name, Digest: t.Digest, At: stamp(at)})
	}
	return all
}

// finished returns the trash whose deletions are complete, and notes which tags
// the runs before this one deleted. Where something failed that may work the
// next time, none is.
func (w *work) finished() []string {
	if w.again {
		return nil
	}
	all := slices.Clone(w.out.Trash)
	now := map[string]bool{}
	for t := range w.survey.there {
		now[t.Name] = true
	}
	for _, b := range w.finish {
		all = append(all, b.tag.Name)
		for _, e := range b.journal.Entries {
			for _, tag := range e.Tags {
				if !now[tag] {
					w.gone = append(w.gone, retention.Tag{Name: tag, Digest: e.Digest})
				}
			}
		}
	}
	return all
}

// trashTags returns the tags of the trash that there is.
func (w *work) trashTags() []string {
	all := slices.Clone(w.out.Trash)
	for t := range w.survey.there {
		if strings.HasPrefix(t.Name, trash.TagPrefix) && !slices.Contains(w.out.Expired, t.Name) && !slices.Contains(all, t.Name) {
			all = append(all, t.Name)
		}
	}
	return all
}

// sortSkipped puts what was noted by many at once in order.
func (w *work) sortSkipped() {
	slices.SortStableFunc(w.out.Skipped, func(a, b Skip) int {
		return cmp.Or(cmp.Compare(a.Tag, b.Tag), cmp.Compare(a.Digest, b.Digest))
	})
}
